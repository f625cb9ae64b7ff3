import type { CalendarUnits } from '../triggers/calendar-units.js';
import type { UnitAmount } from './phrases.js';

const SIZES: readonly (readonly [UnitAmount['unit'], number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
];

/** Takes a duration in milliseconds apart into units, the largest first; units of which there is none are left out. */
export function amountsOf(ms: number): readonly UnitAmount[] {
  let rest = ms;
  const amounts = SIZES.map(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return { unit, amount };
  });
  return amounts.filter(({ amount }) => amount > 0);
}

/** Lists the units of a calendar step. */
export function calendarAmounts(units: CalendarUnits): readonly UnitAmount[] {
  const { years = 0, months = 0, weeks = 0, days = 0 } = units;
  const amounts: readonly UnitAmount[] = [
    { unit: 'year', amount: years },
    { unit: 'month', amount: months },
    { unit: 'week', amount: weeks },
    { unit: 'day', amount: days },
  ];
  return amounts.filter(({ amount }) => amount > 0);
}
