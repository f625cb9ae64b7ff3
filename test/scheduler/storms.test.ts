import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SchedulerError, defineTask, interval } from '../../src/index.js';
import type { RunContext } from '../../src/index.js';
import { moving, unattendedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

/** Is a stage under a storm, with what is known of its handlers. */
interface Storm extends Stage {
  readonly inside: Map<string, number>;
  most: number;
  letGo(): void;
  readonly quick: ReturnType<typeof defineTask>;
  readonly slow: ReturnType<typeof defineTask>;
}

type Action = readonly [name: string, act: (storm: Storm) => Promise<unknown>];

const id = (n: number): string => `job-${n}`;

const lifecycle: readonly Action[] = [
  ['start', ({ scheduler }) => scheduler.start()],
  ['start paused', ({ scheduler }) => scheduler.start({ paused: true })],
  ['pause', ({ scheduler }) => scheduler.pause()],
  ['resume', ({ scheduler }) => scheduler.resume()],
  ['shutdown', ({ scheduler }) => scheduler.shutdown({ timeout: 500 })],
  ['shutdown at once', ({ scheduler }) => scheduler.shutdown({ wait: false })],
];

const edits: readonly Action[] = [1, 2].flatMap((n): Action[] => [
  [
    `add ${n}`,
    ({ scheduler, slow, quick }) =>
      scheduler.addJob(n === 1 ? slow : quick, interval(700), {
        id: id(n),
        ifExists: 'update',
        overlap: 'queue',
      }),
  ],
  [`remove ${n}`, ({ scheduler }) => scheduler.removeJob(id(n))],
  [`pause ${n}`, ({ scheduler }) => scheduler.pauseJob(id(n))],
  [`resume ${n}`, ({ scheduler }) => scheduler.resumeJob(id(n))],
  [`run ${n}`, ({ scheduler }) => scheduler.runJob(id(n))],
  [
    `replace ${n}`,
    ({ scheduler, slow }) => scheduler.addJob(slow, interval(300), { id: id(n), ifExists: 'replace' }),
  ],
]);

const time: readonly Action[] = [
  ['a moment', ({ clock }) => clock.settle()],
  ['let go', async ({ letGo }) => letGo()],
  ['enqueue', ({ scheduler, quick }) => scheduler.enqueue(quick)],
];

const actions = fc.oneof(
  fc.constantFrom(...lifecycle),
  fc.constantFrom(...edits),
  fc.constantFrom(...time),
  fc.nat(1500).map((ms): Action => [`${ms} ms`, ({ clock }) => clock.advance(ms)]),
);

test('any interleaving of calls ends in a consistent state', async () => {
  const step = fc.record({ action: actions, awaited: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const storm = makeStorm();
      const pending: Promise<unknown>[] = [];
      let isMoving: Promise<unknown> = Promise.resolve();
      for (const { action, awaited } of steps) {
        const [, act] = action;
        if (time.includes(action) || action[0].endsWith(' ms')) {
          // The clock is moved by one hand at a time.
          isMoving = isMoving.then(() => act(storm));
          await isMoving;
          continue;
        }
        const called = act(storm).catch((error: unknown) => {
          expect(error).toBeInstanceOf(SchedulerError);
        });
        pending.push(called);
        if (awaited) await moving(storm.clock, called, 100);
      }
      await moving(storm.clock, Promise.all(pending));
      await moving(storm.clock, storm.scheduler.shutdown({ timeout: 500 }));
      checkEnd(storm);
      await checkRuns(storm);
      await checkAlive(storm);
    }),
    { numRuns: 150 },
  );
}, 60_000);

function makeStorm(): Storm {
  const waiting = new Set<() => void>();
  const inside = new Map<string, number>();
  const storm: Storm = {
    ...unattendedStage(),
    inside,
    most: 0,
    letGo: () => {
      for (const resolve of waiting) resolve();
      waiting.clear();
    },
    quick: defineTask('quick', () => 'done'),
    slow: defineTask('slow', async ({ job, signal }: RunContext) => {
      const key = job?.id ?? '';
      inside.set(key, (inside.get(key) ?? 0) + 1);
      try {
        await new Promise<void>((resolve, reject) => {
          waiting.add(resolve);
          if (signal.aborted) reject(signal.reason as Error);
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      } finally {
        inside.set(key, (inside.get(key) ?? 0) - 1);
      }
    }),
  };
  return storm;
}

function checkEnd({ scheduler, clock, events, inside }: Storm): void {
  expect(scheduler.state).toBe('stopped');
  expect(clock.timerCount).toBe(0);
  expect([...inside.values()].every((count) => count === 0)).toBe(true);
  let isUp = false;
  let isHeld = false;
  for (const name of events.names) {
    if (name === 'scheduler:started') {
      expect(isUp).toBe(false);
      isUp = true;
    } else if (name === 'scheduler:stopped') {
      expect(isUp).toBe(true);
      isUp = false;
      isHeld = false;
    } else if (name === 'scheduler:paused') {
      expect([isUp, isHeld]).toEqual([true, false]);
      isHeld = true;
    } else if (name === 'scheduler:resumed') {
      expect(isUp).toBe(true);
      isHeld = false;
    } else if (name === 'run:started') {
      expect([isUp, isHeld]).toEqual([true, false]);
    }
  }
  expect(isUp).toBe(false);
}

async function checkRuns({ scheduler, events }: Storm): Promise<void> {
  const { items } = await scheduler.getRuns({ limit: 10_000 });
  for (const run of items) {
    expect(run.held).toBe(false);
    const ends = events.events.filter(
      ({ name, event }) =>
        /^run:(succeeded|failed|cancelled|lost)$/.test(name) && 'run' in event && event.run?.id === run.id,
    );
    expect(ends).toHaveLength(run.status === 'queued' ? 0 : 1);
    const starts = events.of('run:started').filter((event) => event.run.id === run.id);
    expect(starts.map((event) => event.run.attempt)).toEqual(
      Array.from({ length: run.attempt }, (_, at) => at + 1),
    );
  }
}

async function checkAlive(storm: Storm): Promise<void> {
  const { scheduler, clock, events } = storm;
  await scheduler.removeAllJobs();
  await scheduler.start();
  events.clear();
  await scheduler.addJob(() => 'alive', undefined, { id: 'probe' });
  await clock.settle();
  expect(events.of('run:succeeded').filter(({ run }) => run.jobId === 'probe')).toMatchObject([
    { result: 'alive' },
  ]);
  storm.letGo();
  await moving(clock, scheduler.shutdown({ timeout: 500 }));
  expect(clock.timerCount).toBe(0);
}
