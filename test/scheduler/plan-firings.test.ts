import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cron, interval } from '../../src/index.js';
import type { Trigger } from '../../src/index.js';
import { planFirings, skipReached } from '../../src/scheduler/plan-firings.js';
import type { PlannedJob } from '../../src/scheduler/plan-firings.js';
import { ListTrigger, counted } from '../support/custom-triggers.js';
import { everyFireTime, literalPlan } from '../support/literal-plan.js';

const EPOCH = Date.parse('2026-03-29T00:00:00Z');
const YEAR_MS = 365 * 86_400_000;

/** Is a trigger, its least and greatest gap, and an instant from which it is used. */
interface Subject {
  readonly trigger: Trigger;
  readonly from: number;
  readonly spanMs: number;
}

const intervals: fc.Arbitrary<Subject> = fc
  .record({ period: fc.integer({ min: 1, max: 10_000 }), offset: fc.nat(10_000), steps: fc.nat(300) })
  .map(({ period, offset, steps }) => ({
    trigger: interval(period, { start: new Date(EPOCH + offset) }),
    from: EPOCH,
    spanMs: period * steps,
  }));

const endingIntervals: fc.Arbitrary<Subject> = fc
  .record({ period: fc.integer({ min: 1, max: 1000 }), steps: fc.nat(50), spanMs: fc.nat(100_000) })
  .map(({ period, steps, spanMs }) => ({
    trigger: interval(period, { start: new Date(EPOCH), end: new Date(EPOCH + steps * period) }),
    from: EPOCH,
    spanMs,
  }));

const crons: fc.Arbitrary<Subject> = fc
  .record({
    expression: fc.constantFrom(
      '*/7 * * * *',
      '0,20 1-3 * * *',
      '30 2 * * *',
      '*/5 1,2 * * *',
      '0 * * * *',
      '7 3 1 * *',
    ),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
    hours: fc.nat(72),
  })
  .map(({ expression, timezone, hours }) => ({
    trigger: cron(expression, { timezone }),
    from: EPOCH - 12 * 3_600_000,
    spanMs: hours * 3_600_000,
  }));

const lists: fc.Arbitrary<Subject> = fc
  .record({
    gaps: fc.array(fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 50_000 })), {
      minLength: 1,
      maxLength: 60,
    }),
    previous: fc.boolean(),
    count: fc.boolean(),
    share: fc.double({ min: 0, max: 1.2, noNaN: true }),
  })
  .map(({ gaps, previous, count, share }) => {
    const times: number[] = [];
    let at = EPOCH;
    for (const gap of gaps) times.push((at += gap));
    return {
      trigger: new ListTrigger(times, { previous, count }),
      from: EPOCH,
      spanMs: Math.round((at - EPOCH) * share),
    };
  });

const subjects = fc.oneof(intervals, endingIntervals, crons, lists);

const situations = fc
  .record({
    subject: subjects,
    id: fc.string({ minLength: 1, maxLength: 5 }),
    coalesce: fc.constantFrom('latest' as const, 'earliest' as const, false as const),
    catchUpLimit: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 400 })),
    jitterMs: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(10_000_000)),
    runsLeft: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 3 })),
    graceMs: fc.oneof(fc.constant(Infinity), fc.constant(0), fc.nat(20_000), fc.nat(100_000_000)),
    byHand: fc.option(fc.nat(2000), { nil: null }),
    nudge: fc.integer({ min: -2, max: 2 }),
  })
  .map(({ subject, byHand, nudge, graceMs, ...rest }) => {
    const { trigger, from, spanMs } = subject;
    const nextRunAt = byHand === null ? trigger.next(from - 1) : from + byHand;
    const job: PlannedJob = { ...rest, trigger, nextRunAt };
    return { job, now: (nextRunAt ?? from) + spanMs + nudge, graceMs };
  });

describe('planFirings', () => {
  test('plans what judging every fire time one by one gives', () => {
    fc.assert(
      fc.property(situations, ({ job, now, graceMs }) => {
        expect(planFirings(job, now, graceMs)).toEqual(literalPlan(job, now, graceMs));
      }),
      { numRuns: 2000 },
    );
  });

  test('lets no fire time vanish: each runs or is counted, and once', () => {
    fc.assert(
      fc.property(situations, ({ job, now, graceMs }) => {
        const unlimited = { ...job, runsLeft: Infinity };
        const plan = planFirings(unlimited, now, graceMs);
        const reached = job.nextRunAt === null ? [] : everyFireTime(job.trigger, job.nextRunAt, now);
        const before = reached.filter((at) => plan.nextRunAt === null || at < plan.nextRunAt);
        const accounted = plan.runs.length + plan.counted.reduce((sum, { span }) => sum + span.count, 0);
        expect(accounted).toBe(before.length);
      }),
      { numRuns: 500 },
    );
  });

  test('is pure, and the next plan begins where the last one ended', () => {
    fc.assert(
      fc.property(situations, fc.nat(100_000), ({ job, now, graceMs }, later) => {
        const plan = planFirings(job, now, graceMs);
        expect(planFirings(job, now, graceMs)).toEqual(plan);
        const after = planFirings({ ...job, nextRunAt: plan.nextRunAt }, now, graceMs);
        expect(after).toEqual({ runs: [], counted: [], nextRunAt: plan.nextRunAt, dueAt: plan.dueAt });
        const second = planFirings({ ...job, nextRunAt: plan.nextRunAt }, now + later, graceMs);
        for (const at of second.runs) expect(at).toBeGreaterThan(plan.runs.at(-1) ?? -Infinity);
      }),
      { numRuns: 500 },
    );
  });

  test('does nothing before the first fire time', () => {
    const job = planned(interval(1000, { start: new Date(EPOCH) }), EPOCH);
    expect(planFirings(job, EPOCH - 1, Infinity)).toEqual({
      runs: [],
      counted: [],
      nextRunAt: EPOCH,
      dueAt: EPOCH,
    });
  });

  test('gives a job without a next fire time nothing', () => {
    const job = planned(interval(1000, { start: new Date(EPOCH) }), null);
    expect(planFirings(job, EPOCH, 0)).toEqual({ runs: [], counted: [], nextRunAt: null, dueAt: null });
  });

  test.each([0, 1000])(
    'runs a fire time that is exactly %i ms late with that grace, and misses it a millisecond later',
    (graceMs) => {
      const job = planned(interval(5000, { start: new Date(EPOCH) }), EPOCH);
      expect(planFirings(job, EPOCH + graceMs, graceMs).runs).toEqual([EPOCH]);
      expect(planFirings(job, EPOCH + graceMs + 1, graceMs)).toMatchObject({
        runs: [],
        counted: [{ kind: 'missed' }],
      });
    },
  );

  test('measures lateness from the jittered time', () => {
    const trigger = new ListTrigger([EPOCH, EPOCH + 1_000_000], { previous: true });
    const job = { ...planned(trigger, EPOCH), jitterMs: 500_000 };
    const { dueAt } = planFirings(job, EPOCH - 1, Infinity);
    expect(dueAt).toBeGreaterThan(EPOCH);
    expect(planFirings(job, (dueAt ?? 0) + 10, 10).runs).toEqual([EPOCH]);
    expect(planFirings(job, (dueAt ?? 0) + 11, 10).runs).toEqual([]);
  });

  test.each([-1, -5, 0])('plans no run when %i are left', (runsLeft) => {
    const job = {
      ...planned(interval(1000, { start: new Date(EPOCH) }), EPOCH),
      coalesce: false as const,
      runsLeft,
    };
    expect(planFirings(job, EPOCH + 10_000, Infinity).runs).toEqual([]);
  });
});

describe('a gap of a year', () => {
  const secondly = (): Trigger => interval(1000, { start: new Date(EPOCH) });
  const rows: readonly [string, Trigger, 'latest' | 'earliest' | false, number][] = [
    ['an interval, coalesced to the latest', secondly(), 'latest', Infinity],
    ['an interval, coalesced to the earliest', secondly(), 'earliest', Infinity],
    ['an interval, coalesced, with a grace of an hour', secondly(), 'latest', 3_600_000],
    ['an interval, all missed', secondly(), 'latest', 0],
    ['a cron expression, coalesced to the latest', cron('* * * * * *'), 'latest', Infinity],
    ['a cron expression, with a grace of an hour', cron('* * * * * *'), 'earliest', 3_600_000],
  ];

  test.each(rows)('takes a handful of calls to the trigger: %s', (_what, trigger, coalesce, graceMs) => {
    const watched = counted(trigger);
    const now = EPOCH + YEAR_MS + 500;
    const plan = planFirings({ ...planned(watched.trigger, EPOCH), coalesce }, now, graceMs);
    expect(watched.calls()).toBeLessThanOrEqual(12);
    const total = plan.runs.length + plan.counted.reduce((sum, { span }) => sum + span.count, 0);
    expect(total).toBe(YEAR_MS / 1000 + 1);
    expect(plan.counted.every(({ span }) => span.exact)).toBe(true);
  });

  test('takes as many calls as there are runs, and a handful, when it is not coalesced', () => {
    const watched = counted(interval(1000, { start: new Date(EPOCH) }));
    const job = { ...planned(watched.trigger, EPOCH), coalesce: false as const };
    expect(planFirings(job, EPOCH + YEAR_MS, Infinity).runs).toHaveLength(100);
    expect(watched.calls()).toBeLessThanOrEqual(112);
  });

  test('of a trigger that can only look ahead is searched in a bounded way, and counted as at least n', () => {
    const bare: Trigger = {
      kind: 'bare',
      next: (after) => Math.floor(after / 1000) * 1000 + 1000,
      toJSON: () => ({ bare: true }),
    };
    const watched = counted(bare);
    const now = EPOCH + YEAR_MS + 1;
    const plan = planFirings(planned(watched.trigger, EPOCH), now, Infinity);
    expect(watched.calls()).toBeLessThan(5000);
    expect(plan.runs).toEqual([EPOCH + YEAR_MS]);
    expect(plan.nextRunAt).toBe(EPOCH + YEAR_MS + 1000);
    expect(plan.counted).toMatchObject([{ kind: 'coalesced', span: { exact: false, firstAt: EPOCH } }]);
    expect(plan.counted[0]?.span.count).toBeGreaterThanOrEqual(1000);
  });

  test.each(['latest', 'earliest', false] as const)(
    'of a trigger that can only look ahead and fires every millisecond loses nothing (coalesce %s)',
    (coalesce) => {
      const bare: Trigger = {
        kind: 'bare',
        next: (after) => Math.floor(after) + 1,
        toJSON: () => ({ bare: true }),
      };
      const job = { ...planned(bare, EPOCH), coalesce };
      const plan = planFirings(job, EPOCH + YEAR_MS, Infinity);
      expect(plan.runs).toHaveLength(coalesce === false ? 100 : 1);
      if (coalesce !== 'earliest') expect(plan.runs.at(-1)).toBe(EPOCH + YEAR_MS);
      expect(plan.counted[0]?.span).toMatchObject({ exact: false });
      expect(plan.nextRunAt).toBe(EPOCH + YEAR_MS + 1);
    },
  );
});

describe('skipReached', () => {
  test('drops what listing every fire time up to now gives', () => {
    fc.assert(
      fc.property(situations, ({ job, now }) => {
        const times = job.nextRunAt === null ? [] : everyFireTime(job.trigger, job.nextRunAt, now);
        const reached = times.filter((at) => at <= now);
        const { nextRunAt, dropped } = skipReached(job, now);
        expect(nextRunAt).toBe(times.find((at) => at > now) ?? null);
        const span = { count: reached.length, exact: true, firstAt: reached[0], lastAt: reached.at(-1) };
        expect(dropped).toEqual(reached.length === 0 ? null : span);
      }),
      { numRuns: 500 },
    );
  });
});

function planned(trigger: Trigger, nextRunAt: number | null): PlannedJob {
  return {
    id: 'a',
    trigger,
    nextRunAt,
    coalesce: 'latest',
    catchUpLimit: 100,
    jitterMs: 0,
    runsLeft: Infinity,
  };
}
