import { describe, expect, it } from 'vitest';
import { cron, type CronOptions } from '../../src/triggers/cron-trigger.js';

/** Lists the fire times in a span as the zone's own text: `10 02:30`. */
function fires(expression: string, options: CronOptions, from: string, to: string): readonly string[] {
  const trigger = cron(expression, options);
  const found: string[] = [];
  let at = trigger.next(Date.parse(from) - 1);
  for (; at !== null && at <= Date.parse(to); at = trigger.next(at))
    found.push(new Date(at).toISOString().slice(8, 16));
  return found;
}

// Each: zone, the time that does not exist, and around the change what fires by default, shifted and skipped (in UTC).
const GAPS = [
  [
    'America/New_York',
    '30 2 * * *',
    '2025-03-08T12:00Z',
    ['09T07:00', '10T06:30'],
    ['09T07:30', '10T06:30'],
    ['10T06:30'],
  ],
  [
    'Europe/London',
    '30 1 * * *',
    '2025-03-29T12:00Z',
    ['30T01:00', '31T00:30'],
    ['30T01:30', '31T00:30'],
    ['31T00:30'],
  ],
  [
    'Australia/Lord_Howe',
    '15 2 * * *',
    '2025-10-04T00:00Z',
    ['04T15:30', '05T15:15'],
    ['04T15:45', '05T15:15'],
    ['05T15:15'],
  ],
  [
    'Africa/Casablanca',
    '30 2 * * *',
    '2025-04-05T12:00Z',
    ['06T02:00', '07T01:30'],
    ['06T02:30', '07T01:30'],
    ['07T01:30'],
  ],
  [
    'Antarctica/Troll',
    '30 1 * * *',
    '2025-03-29T12:00Z',
    ['30T01:00', '30T23:30'],
    ['30T01:30', '30T23:30'],
    ['30T23:30'],
  ],
  [
    'Africa/Cairo',
    '0 0 * * *',
    '2025-04-24T12:00Z',
    ['24T22:00', '25T21:00'],
    ['24T22:00', '25T21:00'],
    ['25T21:00'],
  ],
  [
    'America/Santiago',
    '30 0 * * *',
    '2025-09-06T12:00Z',
    ['07T04:00', '08T03:30'],
    ['07T04:30', '08T03:30'],
    ['08T03:30'],
  ],
  [
    'Pacific/Chatham',
    '0 3 * * *',
    '2025-09-27T00:00Z',
    ['27T14:00', '28T13:15'],
    ['27T14:15', '28T13:15'],
    ['28T13:15'],
  ],
] as const;

// Each: zone, a time that comes twice, and around the change what fires by default, last and both (in UTC).
const OVERLAPS = [
  [
    'America/New_York',
    '30 1 * * *',
    '2025-11-02T00:00Z',
    ['02T05:30', '03T06:30'],
    ['02T06:30', '03T06:30'],
    ['02T05:30', '02T06:30', '03T06:30'],
  ],
  [
    'Europe/London',
    '30 1 * * *',
    '2025-10-25T12:00Z',
    ['26T00:30', '27T01:30'],
    ['26T01:30', '27T01:30'],
    ['26T00:30', '26T01:30', '27T01:30'],
  ],
  [
    'Australia/Lord_Howe',
    '45 1 * * *',
    '2025-04-05T00:00Z',
    ['05T14:45', '06T15:15'],
    ['05T15:15', '06T15:15'],
    ['05T14:45', '05T15:15', '06T15:15'],
  ],
  [
    'Africa/Casablanca',
    '30 2 * * *',
    '2025-02-22T12:00Z',
    ['23T01:30', '24T02:30'],
    ['23T02:30', '24T02:30'],
    ['23T01:30', '23T02:30', '24T02:30'],
  ],
  [
    'Antarctica/Troll',
    '30 1 * * *',
    '2025-10-25T12:00Z',
    ['25T23:30', '27T01:30'],
    ['26T01:30', '27T01:30'],
    ['25T23:30', '26T01:30', '27T01:30'],
  ],
  [
    'Africa/Cairo',
    '30 23 * * *',
    '2025-10-30T12:00Z',
    ['30T20:30', '31T21:30'],
    ['30T21:30', '31T21:30'],
    ['30T20:30', '30T21:30', '31T21:30'],
  ],
  [
    'America/Santiago',
    '30 23 * * *',
    '2025-04-05T12:00Z',
    ['06T02:30', '07T03:30'],
    ['06T03:30', '07T03:30'],
    ['06T02:30', '06T03:30', '07T03:30'],
  ],
  [
    'Pacific/Chatham',
    '0 3 * * *',
    '2025-04-05T00:00Z',
    ['05T13:15', '06T14:15'],
    ['05T14:15', '06T14:15'],
    ['05T13:15', '05T14:15', '06T14:15'],
  ],
] as const;

/** Lists the first fire times after an instant, as {@link fires} shows them. */
function firstFires(
  count: number,
  expression: string,
  options: CronOptions,
  from: string,
): readonly string[] {
  const to = new Date(Date.parse(from) + 4 * 86_400_000).toISOString();
  return fires(expression, options, from, to).slice(0, count);
}

describe('a time of day that a change of the clock skips', () => {
  it.each(GAPS)(
    'fires in %s at the end of the gap, or by the rule given: %s',
    (timezone, expression, from, after, shift, skip) => {
      expect(firstFires(after.length, expression, { timezone }, from)).toEqual(after);
      expect(firstFires(after.length, expression, { timezone, dst: { gap: 'after' } }, from)).toEqual(after);
      expect(firstFires(shift.length, expression, { timezone, dst: { gap: 'shift' } }, from)).toEqual(shift);
      expect(firstFires(skip.length, expression, { timezone, dst: { gap: 'skip' } }, from)).toEqual(skip);
    },
  );

  it('fires once when several meet at the end of the gap', () => {
    const span = ['2025-03-09T06:00Z', '2025-03-09T08:00Z'] as const;
    expect(fires('0,10,20 2,3 * * *', { timezone: 'America/New_York' }, ...span)).toEqual([
      '09T07:00',
      '09T07:10',
      '09T07:20',
    ]);
    expect(fires('*/20 2 * * *', { timezone: 'America/New_York' }, ...span)).toEqual(['09T07:00']);
    expect(fires('*/20 2 * * *', { timezone: 'America/New_York', dst: { gap: 'shift' } }, ...span)).toEqual([
      '09T07:00',
      '09T07:20',
      '09T07:40',
    ]);
  });

  it('fires on the day after, once, when a whole day is left out', () => {
    const span = ['2011-12-29T00:00Z', '2011-12-31T12:00Z'] as const;
    expect(fires('0 12 * * *', { timezone: 'Pacific/Apia' }, ...span)).toEqual([
      '29T22:00',
      '30T10:00',
      '30T22:00',
    ]);
    expect(fires('0 12 30 12 *', { timezone: 'Pacific/Apia' }, ...span)).toEqual(['30T10:00']);
    expect(fires('0 12 * * *', { timezone: 'Pacific/Apia', dst: { gap: 'skip' } }, ...span)).toEqual([
      '29T22:00',
      '30T22:00',
    ]);
  });

  it('does not lose the month or the day that it falls on', () => {
    const monthly = fires(
      '0 0 1 * *',
      { timezone: 'America/Asuncion' },
      '2023-09-15T00:00Z',
      '2023-11-15T00:00Z',
    );
    expect(monthly).toEqual(['01T04:00', '01T03:00']);
    const daily = fires(
      '30 0 * * *',
      { timezone: 'America/Santiago' },
      '2025-09-06T00:00Z',
      '2025-09-08T12:00Z',
    );
    expect(daily).toEqual(['06T04:30', '07T04:00', '08T03:30']);
  });
});

describe('a time of day that a change of the clock repeats', () => {
  it.each(OVERLAPS)(
    'fires in %s in the first pass, or by the rule given: %s',
    (timezone, expression, from, first, last, both) => {
      expect(firstFires(first.length, expression, { timezone }, from)).toEqual(first);
      expect(firstFires(first.length, expression, { timezone, dst: { overlap: 'first' } }, from)).toEqual(
        first,
      );
      expect(firstFires(last.length, expression, { timezone, dst: { overlap: 'last' } }, from)).toEqual(last);
      expect(firstFires(both.length, expression, { timezone, dst: { overlap: 'both' } }, from)).toEqual(both);
    },
  );

  it('is found again from within the second pass', () => {
    const trigger = cron('50 1 * * *', { timezone: 'America/New_York' });
    const inSecondPass = Date.parse('2025-11-02T06:10Z');
    expect(trigger.next(inSecondPass)).toBe(Date.parse('2025-11-03T06:50Z'));
    expect(trigger.previous(inSecondPass)).toBe(Date.parse('2025-11-02T05:50Z'));
    const yearly = cron('50 1 2 11 *', { timezone: 'America/New_York', dst: { overlap: 'both' } });
    expect(yearly.previous(inSecondPass)).toBe(Date.parse('2025-11-02T05:50Z'));
    expect(yearly.next(inSecondPass)).toBe(Date.parse('2025-11-02T06:50Z'));
  });
});

describe('a schedule that allows every hour', () => {
  const spellings = ['*/15 * * * *', '*/15 0-23 * * *', '*/15 */1 * * *', '*/15 12-11 * * *'];

  it.each(spellings)('fires at each quarter of elapsed time, in the repeated hour too: %s', (expression) => {
    for (const timezone of [
      'America/New_York',
      'Europe/London',
      'Australia/Lord_Howe',
      'Africa/Cairo',
      'Antarctica/Troll',
    ]) {
      for (const from of ['2025-03-01T00:00Z', '2025-10-01T00:00Z']) {
        const trigger = cron(expression, { timezone });
        const quarter = 15 * 60_000;
        let at = Date.parse(from);
        for (let step = 0; step < 40 * 96; step += 1) {
          const next = trigger.next(at);
          expect(next).toBe(at + quarter);
          at = next ?? at + quarter;
        }
      }
    }
  });

  it('does not fire for a time that is skipped, and fires twice for one that comes twice', () => {
    const options = { timezone: 'America/New_York' };
    expect(fires('30 * * * *', options, '2025-03-09T06:00Z', '2025-03-09T08:00Z')).toEqual([
      '09T06:30',
      '09T07:30',
    ]);
    expect(fires('30 * * * *', options, '2025-11-02T05:00Z', '2025-11-02T08:00Z')).toEqual([
      '02T05:30',
      '02T06:30',
      '02T07:30',
    ]);
    // The half hour of Lord Howe: 02:00 to 02:30 is left out, 01:30 to 02:00 comes again.
    expect(
      fires('45 * * * *', { timezone: 'Australia/Lord_Howe' }, '2025-04-05T14:00Z', '2025-04-05T16:00Z'),
    ).toEqual(['05T14:45', '05T15:15']);
  });

  it('follows times of day when the rules say so', () => {
    const options = { timezone: 'America/New_York', dst: { gap: 'after', overlap: 'first' } } as const;
    expect(fires('30 * * * *', options, '2025-03-09T06:00Z', '2025-03-09T08:00Z')).toEqual([
      '09T06:30',
      '09T07:00',
      '09T07:30',
    ]);
    expect(fires('30 * * * *', options, '2025-11-02T05:00Z', '2025-11-02T08:00Z')).toEqual([
      '02T05:30',
      '02T07:30',
    ]);
  });
});

describe('the quarters of an hour', () => {
  const changes = [...GAPS, ...OVERLAPS].map(([timezone, , from]) => [timezone, from] as const);

  it.each(changes)('all come in %s in the days from %s, forwards and backwards', (timezone, from) => {
    const trigger = cron('*/15 * * * *', { timezone });
    const quarter = 15 * 60_000;
    const start = Date.parse(from);
    for (let step = 0; step < 3 * 96; step += 1) {
      const at = start + step * quarter;
      expect(trigger.next(at)).toBe(at + quarter);
      expect(trigger.next(at + 1)).toBe(at + quarter);
      expect(trigger.previous(at + quarter)).toBe(at);
    }
  });
});

describe('times of day next to a change', () => {
  it.each([
    ['America/New_York', '0 2 * * *', '2025-03-08T12:00Z', ['09T07:00', '10T06:00', '11T06:00']],
    ['America/New_York', '0 2 * * *', '2025-11-01T12:00Z', ['02T07:00', '03T07:00', '04T07:00']],
    ['Europe/London', '0 1 * * *', '2025-10-25T12:00Z', ['26T00:00', '27T01:00', '28T01:00']],
    ['Europe/London', '0 2 * * *', '2025-10-25T12:00Z', ['26T02:00', '27T02:00', '28T02:00']],
    ['Australia/Lord_Howe', '0 2 * * *', '2025-10-04T00:00Z', ['04T15:30', '05T15:00', '06T15:00']],
    ['Australia/Lord_Howe', '30 1 * * *', '2025-04-05T00:00Z', ['05T14:30', '06T15:00', '07T15:00']],
    ['Africa/Cairo', '30 0 * * *', '2025-04-24T12:00Z', ['24T22:00', '25T21:30', '26T21:30']],
    ['Africa/Casablanca', '0 3 * * *', '2025-04-05T12:00Z', ['06T02:00', '07T02:00', '08T02:00']],
    ['Antarctica/Troll', '0 2 * * *', '2025-03-29T12:00Z', ['30T01:00', '31T00:00', '01T00:00']],
    ['America/Santiago', '0 0 * * *', '2025-09-06T12:00Z', ['07T04:00', '08T03:00', '09T03:00']],
    ['Pacific/Chatham', '45 2 * * *', '2025-09-27T00:00Z', ['27T14:00', '28T13:00', '29T13:00']],
    ['Asia/Kathmandu', '30 2 * * *', '2025-03-08T12:00Z', ['08T20:45', '09T20:45', '10T20:45']],
  ] as const)('come once a day in %s: %s from %s', (timezone, expression, from, expected) => {
    expect(firstFires(3, expression, { timezone }, from)).toEqual(expected);
  });

  it('are the same asked at every quarter of an hour, in the second pass too', () => {
    for (const [timezone, expression, from] of [...GAPS, ...OVERLAPS]) {
      const trigger = cron(expression, { timezone });
      const start = Date.parse(from);
      const times: number[] = [];
      for (let at = trigger.next(start); at !== null && times.length < 4; at = trigger.next(at))
        times.push(at);
      for (let at = start; at < (times[3] ?? 0); at += 15 * 60_000) {
        expect(trigger.next(at)).toBe(times.find((time) => time > at));
        expect(cron(expression, { timezone }).next(at)).toBe(times.find((time) => time > at));
      }
    }
  });
});
