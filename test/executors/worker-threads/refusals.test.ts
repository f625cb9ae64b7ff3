import { describe, expect, test } from 'vitest';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import type { WorkerThreadExecutorOptions } from 'escapement/executors/worker-threads';
import {
  FunctionNotTransferableError,
  InvalidStateError,
  MemoryJobStore,
  defineTask,
} from '../../../src/index.js';
import type { Execution } from '../../../src/index.js';
import { stage } from '../../support/stage.js';
import { handler, HANDLERS, resultOf, threadStage } from '../../support/thread-stage.js';
import { rejectionOf } from '../../support/within.js';

const here = defineTask('here', () => 'done');
const executors = (): { threads: WorkerThreadExecutor } => ({ threads: new WorkerThreadExecutor() });

describe('a task that is a function', () => {
  test('is refused where a job or a run of it is added for threads', async () => {
    const { scheduler } = stage({ executors: executors(), tasks: [here] });
    const refused = [
      scheduler.addJob(here, '@daily', { executor: 'threads' }),
      scheduler.addJob(() => 1, '@daily', { executor: 'threads' }),
      scheduler.enqueue(here, undefined, { executor: 'threads' }),
      scheduler.applySchedule('me', [{ id: 'a', task: 'here', trigger: '@daily', executor: 'threads' }]),
    ];
    for (const call of refused) expect(await rejectionOf(call)).toBeInstanceOf(FunctionNotTransferableError);
    expect((await scheduler.getJobs()).items).toEqual([]);
    expect(((await rejectionOf(refused[0]!)) as Error).message).toContain('Task "here" is a function');
  });

  test('is refused where its job is moved to threads, by an edit or by an import', async () => {
    const { scheduler } = stage({ executors: executors(), tasks: [here] });
    await scheduler.addJob(here, '@daily', { id: 'a' });
    const edit = scheduler.modifyJob('a', { executor: 'threads' });
    expect(await rejectionOf(edit)).toBeInstanceOf(FunctionNotTransferableError);
    const lines = (await scheduler.exportJobs()).replace('"executor":"default"', '"executor":"threads"');
    expect(lines).toContain('threads');
    expect(await rejectionOf(scheduler.importJobs(lines, { ifExists: 'replace' }))).toMatchObject({
      cause: { code: 'ESC_FUNCTION_NOT_TRANSFERABLE' },
    });
  });

  test('that a stored job has run in threads fails its run', async () => {
    const store = new MemoryJobStore();
    const adder = stage({ executors: executors(), stores: { default: store } });
    const task = defineTask('moved', { module: HANDLERS }, { executor: 'threads' });
    await adder.scheduler.addJob(task, undefined, { id: 'a', data: 1 });
    await adder.scheduler.shutdown();
    const asFunction = defineTask('moved', () => 1);
    const { events } = await threadStage({}, { stores: { default: store }, tasks: [asFunction] });
    const { error } = await events.next('run:failed');
    expect(error).toBeInstanceOf(FunctionNotTransferableError);
  });
});

describe('a task whose module is at fault', () => {
  test('fails its run, and no other', async () => {
    const made = await threadStage();
    const missing = defineTask('missing', { module: HANDLERS, export: 'nope' }, { executor: 'threads' });
    expect(await rejectionOf(resultOf(made, missing))).toMatchObject({
      name: 'TaskModuleError',
      code: 'ESC_TASK_MODULE',
      task: 'missing',
      exportName: 'nope',
    });
    const module = new URL('../../fixtures/tasks/broken.js', import.meta.url);
    const broken = defineTask('broken', { module }, { executor: 'threads' });
    const error = (await rejectionOf(resultOf(made, broken))) as Error;
    expect(error).toMatchObject({
      code: 'ESC_TASK_MODULE',
      cause: { name: 'RangeError', message: 'broken on purpose' },
    });
    expect(await resultOf(made, handler('litter'))).toBe('done');
  });
});

describe('a WorkerThreadExecutor', () => {
  test.each<[WorkerThreadExecutorOptions, string]>([
    [{ threads: 0 }, 'options.threads'],
    [{ terminateAfter: -1 }, 'options.terminateAfter'],
    [{ idleTimeout: '5' as unknown as number }, 'options.idleTimeout'],
    [{ resourceLimits: { maxOldGenerationSizeMb: 0.5 } }, 'options.resourceLimits.maxOldGenerationSizeMb'],
    [{ resourceLimits: { heap: 5 } as object }, 'options.resourceLimits.heap'],
    [{ execArgv: '--import' as unknown as string[] }, 'options.execArgv'],
    [{ concurrency: 5 } as object, 'options.concurrency'],
  ])('refuses %j', (options, field) => {
    expect(() => new WorkerThreadExecutor(options)).toThrow(
      expect.objectContaining({ code: 'ESC_INVALID_OPTION', field }),
    );
  });

  test('has a free slot for each thread, and at least one', () => {
    expect(new WorkerThreadExecutor({ threads: 3 }).freeSlots).toBe(3);
    expect(new WorkerThreadExecutor().freeSlots).toBeGreaterThanOrEqual(1);
  });

  test('executes nothing while it is not started', async () => {
    const executor = new WorkerThreadExecutor();
    const execution = { task: handler('echo'), context: {} } as unknown as Execution;
    expect(await rejectionOf(executor.execute(execution))).toBeInstanceOf(InvalidStateError);
    expect(executor.freeSlots).toBe(new WorkerThreadExecutor().freeSlots);
    await executor.shutdown();
  });
});
