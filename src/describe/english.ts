import type { ExclusionTexts, Phrases, UnitAmount } from './phrases.js';

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

const SOLAR: Readonly<Record<string, string>> = {
  dawn_astronomical: 'astronomical dawn',
  dawn_nautical: 'nautical dawn',
  dawn_civil: 'civil dawn',
  solar_noon: 'solar noon',
  dusk_civil: 'civil dusk',
  dusk_nautical: 'nautical dusk',
  dusk_astronomical: 'astronomical dusk',
};

/** Holds the words of English. */
export const ENGLISH: Phrases = {
  once: (at) => `Once, at ${at}`,
  every: (amounts) => {
    const [first] = amounts;
    if (amounts.length === 1 && first?.amount === 1) return `Every ${first.unit}`;
    return `Every ${amountsText(amounts)}`;
  },
  atTime: (text, time) => `${text} at ${time}`,
  lastForMissing: (text) => `${text}, on the last day of a month that is too short`,
  inWeeks: (text, weeks) => `${text}, in ISO weeks ${weeks}`,
  from: (text, at) => `${text}, from ${at}`,
  until: (text, at) => `${text}, until ${at}`,
  anyOf: (texts) => (texts.length === 1 ? texts.join('') : `Any of: ${texts.join('; ')}`),
  allOf: (texts) =>
    texts.length === 1 ? texts.join('') : `Only when all of these meet: ${texts.join('; ')}`,
  except: (text, exclusions) => `${text}; except ${exclusionTexts(exclusions).join(', or ')}`,
  solar: (event, place, offset, isBefore) => {
    const name = `${SOLAR[event] ?? event} at ${place}`;
    return offset.length === 0
      ? `At ${name}`
      : `${amountsText(offset)} ${isBefore ? 'before' : 'after'} ${name}`;
  },
  schedule: (text) => `On the schedule ${text}`,
  hashed: (text) => `On the schedule ${text}, where the job decides each H`,
};

function amountsText(amounts: readonly UnitAmount[]): string {
  return amounts.map(({ unit, amount }) => `${String(amount)} ${unit}${amount === 1 ? '' : 's'}`).join(' ');
}

function exclusionTexts(exclusions: ExclusionTexts): readonly string[] {
  const { dates, weekdays, times, daysOf, instantsOf } = exclusions;
  const days = weekdays.map(([from, to]) => rangeText(String(WEEKDAYS[from]), String(WEEKDAYS[to])));
  const texts = dates.map((date) => (typeof date === 'string' ? date : rangeText(...date)));
  return [
    ...(dates.length === 0 ? [] : [`on ${texts.join(', ')}`]),
    ...(days.length === 0 ? [] : [`on ${days.join(', ')}`]),
    ...times.map(([from, to]) => `between ${from} and ${to}`),
    ...(daysOf === undefined ? [] : [`on the days of (${daysOf})`]),
    ...(instantsOf === undefined ? [] : [`together with (${instantsOf})`]),
  ];
}

function rangeText(from: string, to: string): string {
  return from === to ? from : `${from} to ${to}`;
}
