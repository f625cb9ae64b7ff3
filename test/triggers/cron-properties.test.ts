import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidTriggerError } from '../../src/errors/input-errors.js';
import { CronTrigger } from '../../src/triggers/cron-trigger.js';
import type { DstRules } from '../../src/triggers/dst-rules.js';
import { parseTrigger } from '../../src/triggers/parse-trigger.js';
import { dstRules, minuteExpressions, secondExpressions, zonedSpans } from './support/arbitrary-cron.js';
import { literalFires } from './support/literal-cron.js';

const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** Makes the trigger, or gives `null` for an expression that can never fire, such as 31 February. */
function make(expression: string, timezone: string, dst: DstRules = {}): CronTrigger | null {
  try {
    return new CronTrigger(expression, { timezone, dst });
  } catch (error) {
    if (error instanceof InvalidTriggerError && error.message.includes('a time that comes')) return null;
    throw error;
  }
}

function iterate(trigger: CronTrigger, from: number, to: number): readonly number[] {
  const fires: number[] = [];
  for (let at = trigger.next(from - 1); at !== null && at <= to; at = trigger.next(at)) fires.push(at);
  return fires;
}

function iterateBack(trigger: CronTrigger, from: number, to: number): readonly number[] {
  const fires: number[] = [];
  for (let at = trigger.previous(to + 1); at !== null && at >= from; at = trigger.previous(at))
    fires.unshift(at);
  return fires;
}

describe('a cron trigger, around every change of the clock from 2024 to 2030', () => {
  it('fires when a literal reading of each minute says so, forwards, backwards and counted', () => {
    fc.assert(
      fc.property(zonedSpans, minuteExpressions, dstRules, ({ zone, from, to }, expression, dst) => {
        const expected = literalFires({ expression, zone, ...dst }, from, to);
        const trigger = make(expression, zone, dst);
        if (trigger === null) {
          expect(expected).toEqual([]);
          return;
        }
        expect(iterate(trigger, from, to)).toEqual(expected);
        expect(iterateBack(trigger, from, to)).toEqual(expected);
        expect(trigger.count(from, to)).toBe(expected.length);
      }),
      { numRuns: 150 },
    );
  });

  it('fires when a literal reading of each second says so', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        secondExpressions,
        dstRules,
        fc.integer({ min: 0, max: 66 }),
        ({ zone, from }, expression, dst, hour) => {
          const start = from + hour * HOUR_MS;
          const end = start + 3 * HOUR_MS;
          const trigger = make(expression, zone, dst);
          if (trigger === null) return;
          const expected = literalFires({ expression, zone, ...dst }, start, end);
          expect(iterate(trigger, start, end)).toEqual(expected);
          expect(iterateBack(trigger, start, end)).toEqual(expected);
          expect(trigger.count(start, end)).toBe(expected.length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gives the same answer asked afresh at any instant, iterated, or read back from its record', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        minuteExpressions,
        dstRules,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 20, maxLength: 20 }),
        ({ zone, from, to }, expression, dst, fractions) => {
          const trigger = make(expression, zone, dst);
          if (trigger === null) return;
          const fires = iterate(trigger, from, to);
          const copy = parseTrigger(JSON.parse(JSON.stringify(trigger)) as never);
          expect(JSON.stringify(copy)).toBe(JSON.stringify(trigger));
          for (const fraction of fractions) {
            const instant = Math.floor(from + fraction * (to - from));
            const next = copy.next(instant);
            expect(next === null || next > instant).toBe(true);
            const following = fires.find((fire) => fire > instant);
            if (following !== undefined) expect(next).toBe(following);
            const preceding = fires.filter((fire) => fire < instant).at(-1);
            if (preceding !== undefined) expect(copy.previous?.(instant)).toBe(preceding);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('a cron trigger, over years', () => {
  const instants = fc.integer({ min: Date.UTC(1971, 0, 1), max: Date.UTC(2098, 0, 1) });

  it('has next and previous as inverses of each other, and counts what lies between', () => {
    fc.assert(
      fc.property(zonedSpans, minuteExpressions, dstRules, instants, ({ zone }, expression, dst, instant) => {
        const trigger = make(expression, zone, dst);
        if (trigger === null) return;
        let at = trigger.next(instant);
        let steps = 0;
        const first = at;
        while (at !== null && steps < 20) {
          const next = trigger.next(at);
          if (next === null) break;
          expect(next).toBeGreaterThan(at);
          expect(trigger.previous(next)).toBe(at);
          steps += 1;
          at = next;
        }
        if (first !== null && at !== null) expect(trigger.count(instant + 1, at)).toBe(steps + 1);
      }),
      { numRuns: 300 },
    );
  });

  it('counts the parts of a span to the same sum as the whole', () => {
    fc.assert(
      fc.property(
        zonedSpans,
        minuteExpressions,
        dstRules,
        fc.tuple(instants, fc.nat(40 * YEAR_MS), fc.nat(40 * YEAR_MS)),
        ({ zone }, expression, dst, [from, before, after]) => {
          const middle = from + before;
          const to = middle + after;
          const trigger = make(expression, zone, dst);
          if (trigger === null) return;
          const parts = trigger.count(from, middle) + trigger.count(middle + 1, to);
          expect(trigger.count(from, to)).toBe(parts);
        },
      ),
      { numRuns: 100 },
    );
  });
});
