import { describe, expect, it } from 'vitest';
import { InvalidOptionError, InvalidTriggerError } from '../../src/errors/input-errors.js';
import { describeTrigger } from '../../src/describe/index.js';
import { solar, type SolarEvent } from '../../src/solar/index.js';
import { calendarInterval } from '../../src/triggers/calendar-interval-trigger.js';
import { allOf } from '../../src/triggers/combinations/all-of-trigger.js';
import { anyOf } from '../../src/triggers/combinations/any-of-trigger.js';
import { excluding } from '../../src/triggers/combinations/excluding-trigger.js';
import { cron } from '../../src/triggers/cron-trigger.js';
import { date } from '../../src/triggers/date-trigger.js';
import { interval } from '../../src/triggers/interval-trigger.js';
import type { TriggerInput } from '../../src/triggers/trigger-input.js';

describe('a cron trigger', () => {
  it.each<[TriggerInput, string, string]>([
    ['0 2 * * 1-5', 'At 02:00 AM, Monday through Friday', '在上午 02:00, 星期一至星期五'],
    [cron('0 2 * * mon-FRI'), 'At 02:00 AM, Monday through Friday', '在上午 02:00, 星期一至星期五'],
    ['*/15 * * * *', 'Every 15 minutes', '每隔 15 分钟'],
    ['@daily', 'At 12:00 AM', '在上午 12:00'],
    [
      '0 0 L-3 * ?',
      'At 12:00 AM, 3 days before the last day of the month',
      '在上午 12:00, 限每月最后一天之前的第3天',
    ],
    [
      '0 0 * * fri#2',
      'At 12:00 AM, on the second Friday of the month',
      '在上午 12:00, 限每月的第二个 星期五',
    ],
    ['30 0 0 ? * mon', 'At 12:00:30 AM, only on Monday', '在上午 12:00:30, 仅星期一'],
    [
      '0 0 0 1 1 ? 2030',
      'At 12:00 AM, on day 1 of the month, only in January, only in 2030',
      '在上午 12:00, 限每月 1 号, 仅于一月份, 仅于 2030 年',
    ],
    [
      '0 0 13 * 5',
      'At 12:00 AM, on day 13 of the month, and on Friday',
      '在上午 12:00, 限每月 13 号, 或者为星期五',
    ],
    [
      '0 0 */2 * mon',
      'At 12:00 AM, every 2 days in a month, only on Monday',
      '在上午 12:00, 每隔 2 天, 仅星期一',
    ],
    ['@every 1h30m', 'Every 1 hour 30 minutes', '每隔 1 小时 30 分钟'],
  ])('is put into words: %j', (trigger, english, chinese) => {
    expect(describeTrigger(trigger)).toBe(english);
    expect(describeTrigger(trigger, 'zh')).toBe(chinese);
  });

  it.each<[TriggerInput, string]>([
    [{ cron: { day: 'last fri', hour: 17 } }, 'At 05:00 PM, on the last Friday of the month'],
    [{ cron: { day: 'last', hour: 17 } }, 'At 05:00 PM, on the last day of the month'],
    [
      { cron: { day: '1st mon, 3rd mon', hour: 9 } },
      'At 09:00 AM, on the first Monday and third Monday of the month',
    ],
    [{ cron: { week: '1-10', dayOfWeek: 'mon', hour: 8 } }, 'At 08:00 AM, only on Monday, in ISO weeks 1-10'],
    [{ cron: { minute: '*/10' } }, 'Every 10 minutes'],
    [{ cron: { day: '1, last fri' } }, 'On the schedule {"day":"1, last fri"}'],
  ])('of named fields is put into words: %j', (trigger, expected) => {
    expect(describeTrigger(trigger)).toBe(expected);
  });

  it('names its zone, its start and its end', () => {
    const options = { timezone: 'Asia/Shanghai', start: '2026-01-01', end: '2026-12-31T23:59:59Z' };
    expect(describeTrigger(cron('0 9 * * *', options))).toBe(
      'At 09:00 AM (Asia/Shanghai), from 2025-12-31 16:00 UTC, until 2026-12-31 23:59:59 UTC',
    );
    expect(describeTrigger(cron('0 9 * * *', { start: '2026-01-01T08:00' }), 'zh-CN')).toBe(
      '在上午 09:00, 自 2026-01-01 08:00 起',
    );
  });

  it('is shown as it is where words fail', () => {
    expect(describeTrigger('H H(0-5) * * *')).toBe(
      'On the schedule H H(0-5) * * *, where the job decides each H',
    );
    expect(describeTrigger('0 0 L-3W * *', 'zh')).toBe('按 0 0 L-3W * *');
  });

  it('can be described in the other languages of cronstrue too', () => {
    expect(describeTrigger('0 2 * * 1-5', 'de-AT')).toBe('Um 02:00, Montag bis Freitag');
    expect(describeTrigger('0 2 * * 1-5', 'pt-BR')).toContain('segunda-feira');
    expect(describeTrigger('0 2 * * 1-5', 'zh-Hant-TW')).toContain('星期一');
  });
});

describe('another trigger', () => {
  const place = { latitude: 31.2304, longitude: -121.4737 };

  it.each<[TriggerInput, string, string]>([
    [interval({ minutes: 5 }), 'Every 5 minutes', '每隔 5 分钟'],
    [interval({ hours: 1 }), 'Every hour', '每小时'],
    [
      interval({ days: 1, milliseconds: 5 }, { start: '2026-01-01T00:00Z' }),
      'Every 1 day 5 milliseconds, from 2026-01-01 00:00 UTC',
      '每隔 1 天 5 毫秒, 自 2026-01-01 00:00 UTC 起',
    ],
    [date('2026-12-01T09:00Z'), 'Once, at 2026-12-01 09:00 UTC', '一次, 于 2026-12-01 09:00 UTC'],
    [date('2026-12-01T09:00:30'), 'Once, at 2026-12-01 09:00:30', '一次, 于 2026-12-01 09:00:30'],
    [calendarInterval({ months: 1, time: '09:00' }), 'Every month at 09:00', '每月, 在 09:00'],
    [calendarInterval({ weeks: 2, days: 1 }), 'Every 2 weeks 1 day at 00:00', '每隔 2 周 1 天, 在 00:00'],
    [
      calendarInterval({
        months: 1,
        start: '2026-01-31T18:30',
        missingDay: 'last',
        timezone: 'Asia/Shanghai',
      }),
      'Every month at 18:30, on the last day of a month that is too short (Asia/Shanghai), from 2026-01-31 18:30',
      '每月, 在 18:30, 当月无此日则取该月最后一天 (Asia/Shanghai), 自 2026-01-31 18:30 起',
    ],
    [
      anyOf('0 9 * * mon-fri', interval({ hours: 2 })),
      'Any of: At 09:00 AM, Monday through Friday; Every 2 hours',
      '以下任一: 在上午 09:00, 星期一至星期五; 每隔 2 小时',
    ],
    [
      allOf('0 9 * * mon', '0 9 1-7 * *'),
      'Only when all of these meet: At 09:00 AM, only on Monday; At 09:00 AM, between day 1 and 7 of the month',
      '仅当以下同时满足: 在上午 09:00, 仅星期一; 在上午 09:00, 限每月的  1 号 至  7 号 之间',
    ],
    [anyOf('0 9 * * *'), 'At 09:00 AM', '在上午 09:00'],
    [
      excluding('0 9 * * *', {
        dates: ['12-25', { from: '2026-01-01', to: '2026-01-05' }],
        weekdays: ['sat', 'mon-wed'],
        times: [{ from: '22:00', to: '06:00' }],
        daysOf: '0 0 1 * *',
      }),
      'At 09:00 AM; except on 12-25, 2026-01-01 to 2026-01-05, or on Saturday, Monday to Wednesday, ' +
        'or between 22:00 and 06:00, or on the days of (At 12:00 AM, on day 1 of the month)',
      '在上午 09:00; 不包括 12-25, 2026-01-01至2026-01-05, 或星期六, 星期一至星期三, 或 22:00 至 06:00, ' +
        '或 (在上午 12:00, 限每月 1 号) 所在的日子',
    ],
    [
      excluding('*/5 * * * *', '0 * * * *'),
      'Every 5 minutes; except together with (Every hour)',
      '每隔 5 分钟; 不包括 (每小时) 的时刻',
    ],
    [solar('sunrise', place), 'At sunrise at 31.2304°N 121.4737°W', '在 31.2304°N 121.4737°W 的日出时'],
    [
      solar('sunset', { ...place, offset: { minutes: -30 } }),
      '30 minutes before sunset at 31.2304°N 121.4737°W',
      '在 31.2304°N 121.4737°W 的日落前 30 分钟',
    ],
    [
      solar('dusk_civil', { ...place, offset: { hours: 1 } }),
      '1 hour after civil dusk at 31.2304°N 121.4737°W',
      '在 31.2304°N 121.4737°W 的民用昏影终后 1 小时',
    ],
    [{ tide: 'high' }, 'On the schedule {"tide":"high"}', '按 {"tide":"high"}'],
  ])('is put into words: %j', (trigger, english, chinese) => {
    expect(describeTrigger(trigger)).toBe(english);
    expect(describeTrigger(JSON.parse(JSON.stringify(trigger)) as TriggerInput, 'zh-Hans')).toBe(chinese);
  });

  it('has words for each event of the sun', () => {
    const events: readonly SolarEvent[] = [
      'dawn_astronomical',
      'dawn_nautical',
      'dawn_civil',
      'sunrise',
      'solar_noon',
      'sunset',
      'dusk_civil',
      'dusk_nautical',
      'dusk_astronomical',
    ];
    for (const language of ['en', 'zh']) {
      const texts = events.map((event) => describeTrigger(solar(event, place), language));
      expect(new Set(texts).size).toBe(events.length);
      for (const text of texts) expect(text).not.toContain('_');
    }
  });
});

describe('a language', () => {
  it.each([['xx'], [''], [5 as unknown as string]])('that nobody speaks is refused: %j', (locale) => {
    expect(() => describeTrigger('0 2 * * *', locale)).toThrow(InvalidOptionError);
  });

  it('that has words for cron alone is refused for other triggers', () => {
    expect(() => describeTrigger(interval(5), 'de')).toThrow("'en' or 'zh' for this trigger");
  });
});

describe('what is not a trigger', () => {
  it.each([[5], [null], ['60 * * * *'], [{ interval: 'soon' }], [{ excluding: '* * * * *', calendar: {} }]])(
    'is refused: %j',
    (input) => {
      expect(() => describeTrigger(input as TriggerInput)).toThrow(InvalidTriggerError);
    },
  );
});
