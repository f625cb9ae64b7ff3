import { Scheduler, defineTask, interval } from 'escapement';
import type { JobStore } from 'escapement';
import { expect, it } from 'vitest';
import { RecordingLogger } from '../../support/recording-logger.js';
import { within } from '../../support/within.js';
import { onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';

/** Is a scheduler on a place, with a healthy job beside those that a test damages. */
interface Bench extends AsyncDisposable {
  readonly scheduler: Scheduler;
  readonly logger: RecordingLogger;
  readonly place: SqlPlace;
  /** Counts the claims so far. */
  claims(): number;
}

const noop = defineTask('noop', () => 'done');

/** Holds what somebody may leave in a row, by its column. */
const DAMAGED_JOBS: readonly (readonly [column: string, text: string])[] = [
  ['trigger_json', 'not json'],
  ['trigger_json', ''],
  ['trigger_json', '{"interval":{"seconds":-1}}'],
  ['trigger_json', '{"cron":"61 * * * *"}'],
  ['trigger_json', '{"nonsense":1}'],
  ['trigger_json', 'null'],
  ['data', '{"a":'],
  ['data', 'undefined'],
  ['policy', 'not json'],
  ['policy', '{}'],
  ['policy', 'null'],
  ['policy', '[]'],
];

const DAMAGED_RUNS: readonly (readonly [column: string, text: string])[] = [
  ['data', '{"a":'],
  ['policy', 'not json'],
  ['policy', '{}'],
];

await onEveryEngine('corrupt rows', (aPlace) => {
  it('park their jobs with the reason, and hold up no other', async () => {
    await using bench = await aBench(aPlace);
    const { scheduler, place } = bench;
    for (const [at, [column, text]] of DAMAGED_JOBS.entries()) {
      await scheduler.addJob(noop, interval(50), { id: `damaged-${at}` });
      await place.query(
        `UPDATE ${place.tablePrefix}jobs SET ${column} = '${text}' WHERE id = 'damaged-${at}'`,
      );
    }
    await scheduler.addJob(noop, interval(50), { id: 'healthy' });
    await scheduler.start();
    await fired(scheduler, 'healthy', 3);
    for (const [at, damage] of DAMAGED_JOBS.entries()) {
      const [row] = await place.query(
        `SELECT state, error, run_count, wake_at FROM ${place.tablePrefix}jobs WHERE id = 'damaged-${at}'`,
      );
      const { state, error, run_count: runs, wake_at: wakeAt } = row ?? {};
      expect([damage, state, Number(runs), wakeAt]).toEqual([damage, 'parked', 0, null]);
      expect(String(error).length).toBeGreaterThan(5);
    }
  });

  it('are listed, edited and removed like others', async () => {
    await using bench = await aBench(aPlace);
    const { scheduler, place } = bench;
    await scheduler.addJob(noop, interval(50), { id: 'a' });
    await scheduler.addJob(noop, interval(50), { id: 'b' });
    await place.query(
      `UPDATE ${place.tablePrefix}jobs SET trigger_json = 'x', tags = 'x', counts = 'x' WHERE id = 'a'`,
    );
    await scheduler.start();
    await fired(scheduler, 'b', 1);
    expect((await scheduler.getJobs()).items.map(({ id, state }) => [id, state])).toEqual([
      ['a', 'parked'],
      ['b', 'active'],
    ]);
    await scheduler.rescheduleJob('a', interval(50));
    await scheduler.resumeJob('a');
    await fired(scheduler, 'a', 1);
    await place.query(`UPDATE ${place.tablePrefix}jobs SET trigger_json = 'x' WHERE id = 'a'`);
    expect(await scheduler.removeJob('a')).toBe(true);
    expect(await scheduler.getJob('a')).toBeNull();
  });

  it('of runs fail these, and hold up no other', async () => {
    await using bench = await aBench(aPlace);
    const { scheduler, place } = bench;
    const handles = [];
    for (const [column, text] of DAMAGED_RUNS) {
      const handle = await scheduler.enqueue(noop, 'data');
      handles.push(handle);
      await place.query(
        `UPDATE ${place.tablePrefix}runs SET ${column} = '${text}' WHERE id = '${handle.id}'`,
      );
    }
    const healthy = await scheduler.enqueue(noop);
    await scheduler.start();
    expect(await within(healthy.result())).toBe('done');
    for (const handle of handles) {
      await expect(within(handle.result())).rejects.toThrow();
      expect((await handle.run())?.status).toBe('failed');
    }
  });
});

await onEveryEngine('rows that a node does not understand', (aPlace) => {
  it('are left alone, and are not looked for again and again', async () => {
    await using bench = await aBench(aPlace);
    const { scheduler, place, claims } = bench;
    const { jobs, runs } = { jobs: `${place.tablePrefix}jobs`, runs: `${place.tablePrefix}runs` };
    for (const id of ['foreign-task', 'foreign-kind', 'newer'])
      await scheduler.addJob(noop, interval(50), { id });
    const queued = [await scheduler.enqueue(noop), await scheduler.enqueue(noop)];
    await place.query(`UPDATE ${jobs} SET task = 'of-others' WHERE id = 'foreign-task'`);
    await place.query(`UPDATE ${jobs} SET trigger_kind = 'of-others' WHERE id = 'foreign-kind'`);
    await place.query(`UPDATE ${jobs} SET format = 2 WHERE id = 'newer'`);
    await place.query(`UPDATE ${runs} SET task = 'of-others' WHERE id = '${String(queued[0]?.id)}'`);
    await place.query(`UPDATE ${runs} SET format = 2 WHERE id = '${String(queued[1]?.id)}'`);
    const read = async (): Promise<unknown> => [
      await place.query(`SELECT * FROM ${jobs} ORDER BY id`),
      await place.query(`SELECT * FROM ${runs} ORDER BY id`),
    ];
    const before = await read();
    await scheduler.start();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await read()).toEqual(before);
    // With a look every 200 ms, and one or two at the start.
    expect(claims()).toBeLessThan(12);
    expect(claims()).toBeGreaterThan(3);
  });
});

async function aBench(aPlace: () => Promise<SqlPlace>): Promise<Bench> {
  const place = await aPlace();
  const logger = new RecordingLogger();
  let claims = 0;
  const store: JobStore = new Proxy(place.store(), {
    get(target, key) {
      if (key === 'claim') claims++;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const scheduler = new Scheduler({ stores: { default: store }, tasks: [noop], logger, backstop: 200 });
  return {
    scheduler,
    logger,
    place,
    claims: () => claims,
    [Symbol.asyncDispose]: () => scheduler.shutdown(),
  };
}

/** Waits until a job has succeeded so many times more. */
async function fired(scheduler: Scheduler, jobId: string, times: number): Promise<void> {
  let left = times;
  await within(
    new Promise<void>((resolve) => {
      scheduler.on('run:succeeded', ({ run }) => {
        if (run.jobId === jobId && --left === 0) resolve();
      });
    }),
    `${jobId} to fire`,
    10_000,
  );
}
