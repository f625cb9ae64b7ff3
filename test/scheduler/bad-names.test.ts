import { describe } from 'vitest';
import {
  AsyncExecutor,
  InvalidOptionError,
  MemoryJobStore,
  Scheduler,
  TaskConflictError,
  UnknownExecutorError,
  UnknownStoreError,
  UnknownTaskError,
  defineTask,
} from '../../src/index.js';
import { adding, minutely, noop, testRefusals } from '../support/refusals.js';
import type { Refusal } from '../support/refusals.js';

const NAMES: readonly Refusal[] = [
  ['an unknown task', (s) => s.addJob('nobody', minutely), UnknownTaskError, '"nobody"', 'registerTask'],
  ['a task that is none', (s) => s.addJob({} as never, minutely), InvalidOptionError, 'task', 'defineTask'],
  ['a task that is null', (s) => s.addJob(null as never, minutely), InvalidOptionError, 'task', 'null'],
  ['an unknown store', adding(minutely, { store: 'sql' }), UnknownStoreError, '"sql"', 'default'],
  ['an unknown executor', adding(minutely, { executor: 'pool' }), UnknownExecutorError, '"pool"', 'default'],
  ['another task of a known name', (s) => addTwoTasks(s), TaskConflictError, '"same"'],
  ['an unknown task of enqueue', (s) => s.enqueue('nobody'), UnknownTaskError, '"nobody"'],
  ['an unknown store of getJobs', (s) => s.getJobs({ store: 'sql' }), UnknownStoreError, '"sql"'],
  ['an unknown store of getRun', (s) => s.getRun('a', { store: 'sql' }), UnknownStoreError, '"sql"'],
  ['an unknown store to remove', (s) => s.removeStore('sql'), UnknownStoreError, '"sql"'],
  ['an unknown executor to remove', (s) => s.removeExecutor('pool'), UnknownExecutorError, '"pool"'],
  [
    'a store name that is taken',
    (s) => s.addStore('default', new MemoryJobStore()),
    InvalidOptionError,
    'name',
    '"default"',
  ],
  [
    'an executor name that is taken',
    (s) => s.addExecutor('default', new AsyncExecutor()),
    InvalidOptionError,
    'name',
  ],
  ['a store that is none', (s) => s.addStore('x', {} as never), InvalidOptionError, 'stores.x', 'open()'],
  [
    'an executor that is none',
    (s) => s.addExecutor('x', null as never),
    InvalidOptionError,
    'executors.x',
    'execute()',
  ],
];

const MAKING: readonly Refusal[] = [
  [
    'an unknown option of Scheduler',
    () => new Scheduler({ timeZone: 'UTC' } as object),
    InvalidOptionError,
    'options.timeZone',
    'timezone',
  ],
  [
    'options of Scheduler that are null',
    () => new Scheduler(null as never),
    InvalidOptionError,
    'options',
    'null',
  ],
  [
    'an unknown zone of Scheduler',
    () => new Scheduler({ timezone: 'Nowhere' }),
    InvalidOptionError,
    'options.timezone',
    '"Nowhere"',
  ],
  [
    'an unknown job default',
    () => new Scheduler({ jobDefaults: { id: 'a' } as object }),
    InvalidOptionError,
    'jobDefaults.id',
  ],
  [
    'a negative job default',
    () => new Scheduler({ jobDefaults: { timeout: -1 } }),
    InvalidOptionError,
    'jobDefaults.timeout',
    '-1',
  ],
  [
    'a logger without error()',
    () => new Scheduler({ logger: { warn: noop } as never }),
    InvalidOptionError,
    'options.logger',
  ],
  [
    'a clock that is none',
    () => new Scheduler({ clock: Date as never }),
    InvalidOptionError,
    'options.clock',
  ],
  [
    'stores that are null',
    () => new Scheduler({ stores: null as never }),
    InvalidOptionError,
    'options.stores',
    'null',
  ],
  [
    'a store of Scheduler that is none',
    () => new Scheduler({ stores: { a: 5 as never } }),
    InvalidOptionError,
    'stores.a',
    '5',
  ],
  [
    'tasks that are no array',
    () => new Scheduler({ tasks: {} as never }),
    InvalidOptionError,
    'options.tasks',
    'array',
  ],
  [
    'a task of Scheduler that is none',
    () => new Scheduler({ tasks: [noop as never] }),
    InvalidOptionError,
    'task',
  ],
  ['a codec that is none', () => new Scheduler({ triggers: [{} as never] }), InvalidOptionError, 'triggers'],
  [
    'an unref that is text',
    () => new Scheduler({ unref: 'yes' as never }),
    InvalidOptionError,
    'options.unref',
  ],
  [
    'a negative retention',
    () => new Scheduler({ finishedRetention: { days: -1 } }),
    InvalidOptionError,
    'options.finishedRetention',
    'days',
  ],
  [
    'a maxDataBytes of zero',
    () => new Scheduler({ maxDataBytes: 0 }),
    InvalidOptionError,
    'options.maxDataBytes',
  ],
  [
    'an unknown option of MemoryJobStore',
    () => new MemoryJobStore({ maxRuns: 5 } as object),
    InvalidOptionError,
    'options.maxRuns',
  ],
  [
    'a negative history',
    () => new MemoryJobStore({ history: { maxRuns: -1 } }),
    InvalidOptionError,
    'options.history.maxRuns',
  ],
  [
    'an unknown option of AsyncExecutor',
    () => new AsyncExecutor({ limit: 5 } as object),
    InvalidOptionError,
    'options.limit',
  ],
  [
    'a concurrency of zero',
    () => new AsyncExecutor({ concurrency: 0 }),
    InvalidOptionError,
    'options.concurrency',
    '0',
  ],
  [
    'an unknown option of defineTask',
    () => defineTask('t', noop, { retries: 3 } as object),
    InvalidOptionError,
    'options.retries',
  ],
  [
    'a handler that is none',
    () => defineTask('t', 'noop' as never),
    InvalidOptionError,
    'handler',
    'function',
  ],
  [
    'a schema that is none',
    () => defineTask('t', noop, { schema: {} as never }),
    InvalidOptionError,
    'options.schema',
    'Standard Schema',
  ],
  [
    'a retryIf that is none',
    () => defineTask('t', noop, { retry: { attempts: 2, retryIf: true as never } }),
    InvalidOptionError,
    'retryIf',
  ],
  [
    'a negative default of a task',
    () => defineTask('t', noop, { timeout: -1 }),
    InvalidOptionError,
    'options.timeout',
  ],
];

describe('as a name', () => {
  testRefusals(NAMES);
});

describe('when things are made', () => {
  testRefusals(MAKING);
});

async function addTwoTasks(scheduler: Scheduler): Promise<void> {
  scheduler.registerTask(defineTask('same', noop));
  await scheduler.addJob(defineTask('same', noop), minutely);
}
