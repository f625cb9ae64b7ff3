import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Scheduler, all, chain, defineTask } from '../../src/index.js';
import type { SchedulerOptions } from '../../src/index.js';
import { SqlJobStore } from '../../src/stores/sql/index.js';
import { Gate } from '../support/gate.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { within } from '../support/within.js';

/** Starts schedulers on one file of SQLite, which notice what the others write by nothing but hints. */
async function sharing(...nodes: readonly SchedulerOptions[]): Promise<readonly Scheduler[]> {
  const folder = await mkdtemp(join(tmpdir(), 'escapement-chains-'));
  const schedulers = nodes.map(
    (options) =>
      new Scheduler({
        ...options,
        stores: { default: SqlJobStore.sqlite(join(folder, 'jobs.db')) },
        logger: new RecordingLogger(),
        backstop: { hours: 1 },
      }),
  );
  onTestFinished(async () => {
    await Promise.all(schedulers.map((scheduler) => scheduler.shutdown({ wait: false })));
    await rm(folder, { recursive: true });
  });
  for (const scheduler of schedulers) await scheduler.start();
  return schedulers;
}

test('a chain in a database goes from node to node by the tasks that they know, and its result comes back', async () => {
  const one = defineTask('one', () => 1);
  const two = defineTask('two', ({ previous }) => (previous as number) + 1);
  const three = defineTask('three', ({ previous }) => previous);
  const whole = chain([one, all([two, two, two]), three], { name: 'whole' });
  const [first, second] = (await sharing({ tasks: [whole] }, { tasks: [one, two, three] })) as [
    Scheduler,
    Scheduler,
  ];
  const handles = await Promise.all(Array.from({ length: 5 }, () => first.enqueue(whole)));
  const results = await within(Promise.all(handles.map((handle) => handle.result())), 'the results', 15_000);
  expect(results).toEqual(Array.from({ length: 5 }, () => [2, 2, 2]));
  const open = await second.getRuns({ statuses: ['queued', 'running'] });
  expect(open.items).toEqual([]);
  expect((await second.getRuns({ statuses: ['succeeded'], limit: 100 })).items).toHaveLength(5 * 7);
});

test('what a run says of its progress reaches whoever waits for it elsewhere, without a look in between', async () => {
  const gate = new Gate();
  const task = defineTask('t', gate.handler);
  const [watcher] = (await sharing({ tasks: [] }, { tasks: [task] })) as [Scheduler];
  watcher.registerTask(task);
  await watcher.pause();
  const told: string[] = [];
  let heard: (() => void) | null = null;
  const handle = await watcher.enqueue(task);
  const result = handle.result({
    onProgress: ({ fraction, note }) => {
      told.push(`${String(fraction)} ${String(note)}`);
      heard?.();
    },
  });
  await expect.poll(() => gate.entered, { timeout: 5000 }).toBe(1);
  for (const fraction of [0.25, 0.5]) {
    const next = new Promise<void>((resolve) => (heard = resolve));
    gate.contexts[0]?.progress(fraction, 'on its way');
    await within(next, 'the progress');
  }
  gate.release('done');
  expect(await within(result)).toBe('done');
  expect(told).toEqual(['0.25 on its way', '0.5 on its way']);
});
