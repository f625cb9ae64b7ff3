import { expect, test } from 'vitest';
import { AsyncExecutor, date, defineTask, interval } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { Gate } from '../support/gate.js';
import { hookedStore } from '../support/hooked-store.js';
import { startedStage } from '../support/stage.js';

test("a slot of a job that is freed on one executor wakes the job's run that waits for another", async () => {
  const executors = { default: new AsyncExecutor(), other: new AsyncExecutor() };
  const { clock, scheduler } = await startedStage({ executors });
  const gate = new Gate();
  const task = defineTask('wait', gate.handler);
  await scheduler.addJob(task, date('2030-01-01T00:00:00Z'), { id: 'a' });
  await scheduler.runJob('a');
  await clock.settle();
  await scheduler.modifyJob('a', { executor: 'other' });
  const handle = await scheduler.runJob('a');
  await clock.settle();
  expect(gate.entered).toBe(1);
  gate.release();
  await clock.settle();
  expect(gate.entered).toBe(2);
  gate.release('done');
  await clock.settle();
  expect(await handle.run()).toMatchObject({ status: 'succeeded', executor: 'other' });
});

test('a run that is cancelled while the failure of an attempt is being stored is not tried again', async () => {
  const { store, hooks } = hookedStore();
  const { clock, scheduler } = await startedStage({ stores: { default: store } });
  let executed = 0;
  const task = defineTask(
    'failing',
    () => {
      executed++;
      throw new Error('no');
    },
    { retry: { attempts: 5, delay: { seconds: 10 } } },
  );
  const stored = new Deferred<void>();
  hooks.before = async (method) => {
    if (method === 'finishRuns') await stored.promise;
  };
  const handle = await scheduler.enqueue(task);
  await clock.settle();
  expect(await handle.cancel()).toBe(true);
  stored.resolve();
  await clock.advance({ minutes: 5 });
  expect(executed).toBe(1);
  expect(await handle.run()).toMatchObject({ status: 'cancelled', held: false });
});

test('a job that is rescheduled while the last of its runs goes on is armed anew', async () => {
  const { clock, scheduler } = await startedStage();
  const gate = new Gate();
  await scheduler.addJob(gate.handler, interval({ minutes: 1 }), { id: 'a', maxRuns: 1 });
  await clock.advance({ minutes: 1 });
  expect(gate.entered).toBe(1);
  const job = await scheduler.rescheduleJob('a', interval({ minutes: 2 }));
  expect([job.state, job.runCount]).toEqual(['active', 0]);
  gate.release();
  await clock.settle();
  expect((await scheduler.getJob('a'))?.state).toBe('active');
  await clock.advance({ minutes: 2 });
  expect(gate.entered).toBe(2);
  gate.release();
  await clock.advance({ minutes: 10 });
  expect(gate.entered).toBe(2);
  const ended = await scheduler.getJob('a');
  expect([ended?.state, ended?.runCount]).toEqual(['finished', 1]);
});
