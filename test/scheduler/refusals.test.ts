import { expect, test } from 'vitest';
import {
  FunctionNotStorableError,
  InvalidTriggerError,
  MemoryJobStore,
  UnknownStoreError,
  defineTask,
} from '../../src/index.js';
import { minutely, noop, refusalOf } from '../support/refusals.js';
import { stage } from '../support/stage.js';

test('a plain function in a store that outlives the process is refused with what to do instead', async () => {
  const durable = new Proxy(new MemoryJobStore(), {
    get(target, key) {
      if (key === 'capabilities') return { durable: true, shared: false };
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const { scheduler } = stage({ stores: { default: durable } });
  const error = await refusalOf(() => scheduler.addJob(noop, minutely));
  expect(error).toBeInstanceOf(FunctionNotStorableError);
  expect(error).toMatchObject({ code: 'ESC_FUNCTION_NOT_STORABLE' });
  expect((error as Error).message).toContain('defineTask');
});

test('one bad job of a batch refuses all of it', async () => {
  const { scheduler, events } = stage();
  const good = { task: noop, trigger: minutely, options: { id: 'good' } };
  await expect(scheduler.addJobs([good, { task: noop, trigger: '61 * * * *' }])).rejects.toThrow(
    InvalidTriggerError,
  );
  await expect(scheduler.addJobs([good, { ...good }])).rejects.toThrow(/options\.id/);
  await scheduler.addJob(noop, minutely, { id: 'taken' });
  const taken = { ...good, options: { id: 'taken' } };
  await expect(scheduler.addJobs([good, taken])).rejects.toMatchObject({
    code: 'ESC_JOB_EXISTS',
    ids: ['taken'],
  });
  expect((await scheduler.getJobs()).items.map(({ id }) => id)).toEqual(['taken']);
  expect(events.names).toEqual(['job:added']);
});

test('a refused store is not half-added', async () => {
  const shared = new MemoryJobStore();
  const one = stage({ stores: { default: shared } });
  await one.scheduler.start();
  const two = stage();
  await two.scheduler.start();
  await expect(two.scheduler.addStore('second', shared)).rejects.toMatchObject({ code: 'ESC_STORE_IN_USE' });
  await expect(two.scheduler.addJob(noop, minutely, { store: 'second' })).rejects.toThrow(UnknownStoreError);
  await two.scheduler.addStore('second', new MemoryJobStore());
});

test('a task that was refused with its job can be defined anew', async () => {
  const { scheduler } = stage();
  await expect(scheduler.addJob(defineTask('t', noop), 'bad')).rejects.toThrow(InvalidTriggerError);
  await scheduler.addJob(defineTask('t', noop), minutely);
});

test('every error says what was expected and what came, in one form', async () => {
  const { scheduler } = stage();
  await expect(scheduler.addJob(noop, minutely, { maxInstances: '2' as never })).rejects.toThrow(
    'Expected `options.maxInstances` to be a whole number from 1 to 10000, got `"2"` (string).',
  );
});
