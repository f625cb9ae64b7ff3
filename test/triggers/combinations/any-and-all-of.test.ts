import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../../src/errors/input-errors.js';
import { allOf } from '../../../src/triggers/combinations/all-of-trigger.js';
import { anyOf } from '../../../src/triggers/combinations/any-of-trigger.js';
import { excluding } from '../../../src/triggers/combinations/excluding-trigger.js';
import { cron, CronTrigger } from '../../../src/triggers/cron-trigger.js';
import { date } from '../../../src/triggers/date-trigger.js';
import { interval } from '../../../src/triggers/interval-trigger.js';
import { parseTrigger } from '../../../src/triggers/parse-trigger.js';
import type { Trigger } from '../../../src/triggers/trigger.js';
import { minuteExpressions, zonedSpans } from '../support/arbitrary-cron.js';
import { literalFires } from '../support/literal-cron.js';
import { ZONES } from '../support/zones.js';
import { CountingTrigger, datesOf, firesBackOf, firesOf } from '../support/walk.js';

const HOUR_MS = 3_600_000;

const at = (expression: string, timezone = 'UTC'): Trigger => cron(expression, { timezone });

/** Makes a trigger, or gives `null` when the combination is refused because it never fires. */
function made<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (
      error instanceof InvalidTriggerError &&
      /time that comes|fire together|some fire time/.test(error.message)
    ) {
      return null;
    }
    throw error;
  }
}

describe('anyOf', () => {
  it('fires whenever one of its triggers does, and once where several do', () => {
    const trigger = anyOf(at('0 9 * * mon-fri'), at('0 12 * * sat'), at('0 9 20 * *'));
    expect(datesOf(trigger, 4, '2026-11-20T00:00Z')).toEqual([
      '2026-11-20T09:00Z',
      '2026-11-21T12:00Z',
      '2026-11-23T09:00Z',
      '2026-11-24T09:00Z',
    ]);
  });

  it('ends when all of them have', () => {
    const trigger = anyOf(date('2026-01-02T00:00Z'), date('2026-01-01T00:00Z'));
    expect(firesOf(trigger, 0, 8e15)).toEqual([Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)]);
    expect(trigger.next(Date.UTC(2026, 0, 2))).toBeNull();
    expect(trigger.previous?.(Date.UTC(2026, 0, 1))).toBeNull();
  });
});

describe('allOf', () => {
  it('fires when all of its triggers do', () => {
    const firstMonday = allOf(at('0 9 * * mon'), at('0 9 1-7 * *'));
    expect(datesOf(firstMonday, 3, '2026-11-20T00:00Z')).toEqual([
      '2026-12-07T09:00Z',
      '2027-01-04T09:00Z',
      '2027-02-01T09:00Z',
    ]);
    expect(firstMonday.previous?.(Date.parse('2026-11-20T00:00Z'))).toBe(Date.parse('2026-11-02T09:00Z'));
  });

  it('finds meetings that lie far apart', () => {
    const rare = allOf(at('0 0 29 2 *'), at('0 0 * * mon'));
    expect(datesOf(rare, 2, '2026-01-01T00:00Z')).toEqual(['2044-02-29T00:00Z', '2072-02-29T00:00Z']);
    const grids = allOf(interval(701, { start: new Date(0) }), interval(809, { start: new Date(0) }));
    expect(grids.next(0)).toBe(701 * 809);
  });
});

describe('combinations of cron triggers', () => {
  const two = fc.tuple(minuteExpressions, minuteExpressions, fc.constantFrom(...ZONES));

  it('fire at the union and the intersection of literal readings, forwards and backwards', () => {
    fc.assert(
      fc.property(zonedSpans, two, ({ zone, from, to }, [first, second, otherZone]) => {
        const a = made(() => new CronTrigger(first, { timezone: zone }));
        const b = made(() => new CronTrigger(second, { timezone: otherZone }));
        if (a === null || b === null) return;
        const inA = new Set(literalFires({ expression: first, zone }, from, to));
        const inB = new Set(literalFires({ expression: second, zone: otherZone }, from, to));
        const union = [...new Set([...inA, ...inB])].sort((x, y) => x - y);
        const either = anyOf(a, b);
        expect(firesOf(either, from, to)).toEqual(union);
        expect(firesBackOf(either, from, to)).toEqual(union);
        const both = made(() => allOf(a, b));
        const common = [...inA].filter((one) => inB.has(one));
        if (both === null) {
          expect(common).toEqual([]);
          return;
        }
        expect(firesOf(both, from, to)).toEqual(common);
        expect(firesBackOf(both, from, to)).toEqual(common);
      }),
      { numRuns: 60 },
    );
  });

  it('give the same answer afresh as iterated, and read back from their record', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        two,
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ zone, from }, [first, second], part) => {
          const combined = made(() =>
            anyOf(allOf(at(first, zone), at('*/5 * * * *', zone)), at(second, zone)),
          );
          if (combined === null) return;
          const copy = parseTrigger(JSON.parse(JSON.stringify(combined)) as never);
          expect(JSON.stringify(copy)).toBe(JSON.stringify(combined));
          const fires = firesOf(combined, from + 20 * HOUR_MS, from + 30 * HOUR_MS);
          const instant = Math.floor(from + (20 + part * 10) * HOUR_MS);
          const following = fires.find((fire) => fire > instant);
          if (following !== undefined) expect(copy.next(instant)).toBe(following);
          const preceding = fires.filter((fire) => fire < instant).at(-1);
          if (preceding !== undefined) expect(copy.previous?.(instant)).toBe(preceding);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('an intersection that never comes', () => {
  it('is refused when it is made, once nothing about it is open', () => {
    expect(() => allOf(at('0 9 * * *'), at('0 10 * * *'))).toThrow(
      'Expected `allOf` to be triggers that fire together at some time',
    );
    expect(() => allOf(at('0 0 * * *'), date('2026-01-01T00:01Z'))).toThrow(InvalidTriggerError);
    const open = allOf('0 9 * * *', '0 10 * * *');
    expect(() => open.bind({ now: 0, jobId: 'job', timezone: 'UTC' })).toThrow(InvalidTriggerError);
  });

  it('is not refused for what a zone may still change', () => {
    // On the day of the gap both come at its end.
    const open = allOf('30 2 * * *', '0 3 * * *');
    const bound = open.bind({ now: 0, jobId: 'job', timezone: 'America/New_York' });
    expect(bound.next(Date.UTC(2025, 0, 1))).toBe(Date.parse('2025-03-09T07:00Z'));
  });

  it('ends as exhausted where the search cannot tell, after a counted number of questions', () => {
    const even = new CountingTrigger(interval(2000, { start: new Date(0) }));
    const odd = new CountingTrigger(interval(2000, { start: new Date(1000) }));
    const never = allOf(even, odd);
    expect(even.questions + odd.questions).toBeLessThanOrEqual(100_000);
    for (const ask of [() => never.next(0), () => never.previous?.(1e12), () => never.next(-8e15)]) {
      even.questions = 0;
      odd.questions = 0;
      expect(ask()).toBeNull();
      expect(even.questions + odd.questions).toBeLessThanOrEqual(10_000);
    }
  });

  it('asks slow triggers less often', () => {
    const slow = (start: number): CountingTrigger => {
      const trigger = new CountingTrigger(interval(2000, { start: new Date(start) }));
      return Object.assign(trigger, { kind: 'slow' });
    };
    const [even, odd] = [slow(0), slow(1000)];
    expect(allOf(even, odd).next(0)).toBeNull();
    expect(even.questions + odd.questions).toBeLessThanOrEqual((100_000 + 10_000) / 5);
  });

  it('shares the questions with the searches within it', () => {
    const even = new CountingTrigger(interval(2000, { start: new Date(0) }));
    const odd = new CountingTrigger(interval(2000, { start: new Date(1000) }));
    const inner = (): Trigger => allOf(even, odd);
    const made = [
      allOf(inner(), inner()),
      excluding(inner(), { weekdays: ['sat'] }),
      excluding(at('* * * * *'), { instantsOf: inner() }),
      allOf(anyOf(inner(), inner()), at('* * * * *')),
    ];
    for (const trigger of made) {
      even.questions = 0;
      odd.questions = 0;
      expect(trigger.next(0)).toBeNull();
      expect(even.questions + odd.questions).toBeLessThanOrEqual(100_000);
    }
  });

  it('does not hide what another branch has', () => {
    const never = allOf(interval(2000, { start: new Date(0) }), interval(2000, { start: new Date(1000) }));
    expect(anyOf(never, at('0 9 * * *')).next(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2026, 0, 1, 9));
  });
});

describe('the parts of a combination', () => {
  it('are bound one by one, and a bound combination is left as it is', () => {
    const trigger = anyOf('H 9 * * *', interval(60_000), allOf('0 9 * * *', '0 9 1 * *'));
    const bound = trigger.bind({ now: 0, jobId: 'job', timezone: 'Asia/Shanghai' });
    expect(bound.toJSON()).toEqual({
      anyOf: [
        { cron: expect.stringMatching(/^\d+ 9 \* \* \*$/) as string, timezone: 'Asia/Shanghai' },
        { interval: 60_000, start: '1970-01-01T00:01:00.000Z' },
        {
          allOf: [
            { cron: '0 9 * * *', timezone: 'Asia/Shanghai' },
            { cron: '0 9 1 * *', timezone: 'Asia/Shanghai' },
          ],
        },
      ],
    });
    expect(bound.bind({ now: 5e12, jobId: 'other', timezone: 'UTC' })).toBe(bound);
    expect(bound.inTimezone('UTC')).toBe(bound);
  });

  it('share a zone, or there is none', () => {
    expect(anyOf('0 9 * * *', '0 10 * * *').inTimezone('Asia/Tokyo').timezone).toBe('Asia/Tokyo');
    expect(anyOf(at('0 9 * * *', 'Asia/Tokyo'), at('0 9 * * *', 'UTC')).timezone).toBeUndefined();
  });

  it('need not look back, but then the combination cannot', () => {
    const forwards: Trigger = { kind: 'tide', next: (after) => after + 1, toJSON: () => ({ tide: 1 }) };
    expect(anyOf(forwards, at('0 9 * * *')).previous).toBeUndefined();
    expect(allOf(forwards, at('0 9 * * *')).previous).toBeUndefined();
    expect(excluding(forwards, { weekdays: ['sat'] }).previous).toBeUndefined();
    expect(allOf(forwards, at('0 9 * * *')).next(Date.UTC(2026, 0, 1))).toBe(Date.UTC(2026, 0, 1, 9));
  });

  it.each<[string, () => unknown]>([
    ['anyOf', () => anyOf()],
    ['allOf', () => allOf()],
    ['anyOf[1]', () => anyOf('* * * * *', 5 as never)],
    ['minute', () => allOf('60 * * * *')],
    ['anyOf', () => anyOf(...Array.from({ length: 101 }, () => '* * * * *'))],
    ['anyOf', () => parseTrigger({ anyOf: '* * * * *' })],
    ['trigger', () => parseTrigger({ anyOf: [5] })],
    ['timezone', () => parseTrigger({ allOf: ['* * * * *'], timezone: 'UTC' })],
  ])('are refused when they are none, and the error names %s', (field, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'ESC_INVALID_TRIGGER', field }));
  });

  it('are at most 100, those within others counted', () => {
    const ten = (): Trigger => anyOf(...Array.from({ length: 10 }, () => '* * * * *'));
    expect(anyOf(...Array.from({ length: 9 }, ten)).parts).toHaveLength(9);
    expect(() => anyOf(...Array.from({ length: 10 }, ten))).toThrow('from 1 to 100 triggers');
  });
});
