import type { ExclusionTexts, Phrases, UnitAmount } from './phrases.js';

const WEEKDAYS = ['星期日', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六', '星期日'];

const UNITS: Readonly<Record<UnitAmount['unit'], string>> = {
  year: '年',
  month: '个月',
  week: '周',
  day: '天',
  hour: '小时',
  minute: '分钟',
  second: '秒',
  millisecond: '毫秒',
};

const SOLAR: Readonly<Record<string, string>> = {
  dawn_astronomical: '天文晨光始',
  dawn_nautical: '航海晨光始',
  dawn_civil: '民用晨光始',
  sunrise: '日出',
  solar_noon: '太阳正午',
  sunset: '日落',
  dusk_civil: '民用昏影终',
  dusk_nautical: '航海昏影终',
  dusk_astronomical: '天文昏影终',
};

/** Holds the words of Chinese, in simplified characters. */
export const CHINESE: Phrases = {
  once: (at) => `一次, 于 ${at}`,
  every: (amounts) => {
    const [first] = amounts;
    if (amounts.length !== 1 || first?.amount !== 1) return `每隔 ${amountsText(amounts)}`;
    return `每${first.unit === 'month' ? '月' : UNITS[first.unit]}`;
  },
  atTime: (text, time) => `${text}, 在 ${time}`,
  lastForMissing: (text) => `${text}, 当月无此日则取该月最后一天`,
  inWeeks: (text, weeks) => `${text}, 限 ISO 第 ${weeks} 周`,
  from: (text, at) => `${text}, 自 ${at} 起`,
  until: (text, at) => `${text}, 至 ${at} 止`,
  anyOf: (texts) => (texts.length === 1 ? texts.join('') : `以下任一: ${texts.join('; ')}`),
  allOf: (texts) => (texts.length === 1 ? texts.join('') : `仅当以下同时满足: ${texts.join('; ')}`),
  except: (text, exclusions) => `${text}; 不包括${exclusionTexts(exclusions).join(', 或')}`,
  solar: (event, place, offset, isBefore) => {
    const name = `在 ${place} 的${SOLAR[event] ?? event}`;
    return offset.length === 0 ? `${name}时` : `${name}${isBefore ? '前' : '后'} ${amountsText(offset)}`;
  },
  schedule: (text) => `按 ${text}`,
  hashed: (text) => `按 ${text}, 其中每个 H 由任务决定`,
};

function amountsText(amounts: readonly UnitAmount[]): string {
  return amounts.map(({ unit, amount }) => `${String(amount)} ${UNITS[unit]}`).join(' ');
}

function exclusionTexts(exclusions: ExclusionTexts): readonly string[] {
  const { dates, weekdays, times, daysOf, instantsOf } = exclusions;
  const days = weekdays.map(([from, to]) => rangeText(String(WEEKDAYS[from]), String(WEEKDAYS[to])));
  const texts = dates.map((date) => (typeof date === 'string' ? date : rangeText(...date)));
  return [
    ...(dates.length === 0 ? [] : [` ${texts.join(', ')}`]),
    ...(days.length === 0 ? [] : [days.join(', ')]),
    ...times.map(([from, to]) => ` ${from} 至 ${to}`),
    ...(daysOf === undefined ? [] : [` (${daysOf}) 所在的日子`]),
    ...(instantsOf === undefined ? [] : [` (${instantsOf}) 的时刻`]),
  ];
}

function rangeText(from: string, to: string): string {
  return from === to ? from : `${from}至${to}`;
}
