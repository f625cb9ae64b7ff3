import { readFileSync } from 'node:fs';
import * as escapement from 'escapement';
import { SchedulerError } from 'escapement';
import type { Scheduler } from 'escapement';
import { describe, expect, it, vi } from 'vitest';

interface ErrorClass {
  readonly name: string;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** Holds every class that is exported, each with a way to make an error of it. */
const CLASSES: readonly (readonly [ErrorClass, () => SchedulerError])[] = [
  made(escapement.MissingPeerError, 'cronstrue', 'describeTrigger()'),
  made(escapement.InvalidOptionError, 'retry.attempts', 'a whole number', 'many'),
  made(escapement.InvalidTriggerError, {
    field: 'hour',
    expected: 'from 0 to 23',
    received: 24,
    position: 2,
  }),
  made(escapement.InvalidDataError, 'data.items[3]', 'No JSON.'),
  made(escapement.InvalidImportError, 7, 'No JSON.'),
  made(escapement.JobNotFoundError, 'nightly', 'default'),
  made(escapement.JobExistsError, ['nightly'], 'default'),
  made(escapement.JobConflictError, 'nightly'),
  made(escapement.UnknownTaskError, 'report'),
  made(escapement.TaskConflictError, 'report'),
  made(escapement.FunctionNotStorableError, 'default'),
  made(escapement.FunctionNotTransferableError, 'report'),
  made(escapement.TaskModuleError, 'report', { url: 'file:///report.js', export: 'default' }, 'It is gone.'),
  made(escapement.RunNotFoundError, 'run'),
  made(escapement.RunTimedOutError, 'run', 1000),
  made(escapement.RunCancelledError, 'run'),
  made(escapement.RunMissedError, 'run'),
  made(escapement.RunLostError, 'run'),
  made(escapement.RunFailedError, 'run', new Error('why')),
  made(escapement.RunSkippedError, 'run'),
  made(escapement.StepFailedError, 'report', 1, 'send', { message: 'why' }),
  made(escapement.StepsChangedError, 'report', 1, 'send', null),
  made(escapement.ExecutionLostError, 'run', 'The worker is gone.'),
  made(escapement.ThreadDiedError, 'run', 'report', new Error('why')),
  made(escapement.ShutdownError),
  made(escapement.LeaseLostError, 'node'),
  made(escapement.InvalidStateError, 'Not now.'),
  made(escapement.UnknownStoreError, 'jobs', ['default']),
  made(escapement.UnknownExecutorError, 'threads', ['default']),
  made(escapement.StoreInUseError),
  made(escapement.StoreTimedOutError, 'answer', 20_000),
  made(escapement.StoreNotReplicatedError, 0, 1, 500),
  made(escapement.StoreSchemaError, 0, 1, 'postgres'),
  made(escapement.StoreDamagedError, '{escapement}:jobs', 'zset', 'string'),
  made(escapement.StoreNewerError, 2, 1),
];

const exported = Object.entries(escapement).filter(
  ([, value]) => typeof value === 'function' && Object.prototype.isPrototypeOf.call(SchedulerError, value),
);

/** Holds what docs/errors.md says: a heading for each code, which names the class below it. */
const documented = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(
    /^### (ESC_\w+)\n\n`(\w+)`/gm,
  ),
].map(([, code = '', name = '']) => `${code} ${name}`);

describe('the catalogue of errors', () => {
  it('has an entry in this test for every class that is exported', () => {
    const here = CLASSES.map(([error]) => error.name);
    expect(here.sort()).toEqual(exported.map(([name]) => name).sort());
  });

  it('has one code for each class', () => {
    const codes = CLASSES.map(([, make]) => make().code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes) expect(code).toMatch(/^ESC_[A-Z]+(_[A-Z]+)*$/);
  });

  it('documents every code with its class, and nothing else', () => {
    const all = CLASSES.map(([error, make]) => `${make().code} ${error.name}`);
    expect([...documented].sort()).toEqual(all.sort());
  });

  it.each(CLASSES.map(([error, make]) => [error.name, error, make] as const))(
    '%s is named after its class and is told from the others',
    (name, error, make) => {
      const thrown = make();
      expect(thrown.name).toBe(name);
      expect(thrown.message).not.toBe('');
      const matching = CLASSES.filter(([other]) => thrown instanceof other).map(([other]) => other);
      expect(matching).toEqual([error]);
      expect([thrown instanceof SchedulerError, thrown instanceof Error]).toEqual([true, true]);
    },
  );
});

describe('an error of another copy of the package', () => {
  it('is an instance of its class here, and of no other', async () => {
    const other = await anotherCopy();
    expect(other.JobNotFoundError).not.toBe(escapement.JobNotFoundError);
    const thrown: unknown = await rejection(new other.Scheduler().pauseJob('nobody'));
    expect(thrown instanceof escapement.JobNotFoundError).toBe(true);
    expect(thrown instanceof SchedulerError).toBe(true);
    expect(thrown instanceof escapement.JobExistsError).toBe(false);
  });

  it('is not what merely looks like one', () => {
    const lookalikes = [
      { name: 'JobNotFoundError', code: 'ESC_JOB_NOT_FOUND' },
      new Error('no'),
      null,
      'no',
      undefined,
    ];
    for (const one of lookalikes) {
      expect(one instanceof escapement.JobNotFoundError).toBe(false);
      expect(one instanceof SchedulerError).toBe(false);
    }
  });
});

async function anotherCopy(): Promise<{
  readonly Scheduler: typeof Scheduler;
  readonly JobNotFoundError: typeof escapement.JobNotFoundError;
}> {
  vi.resetModules();
  return import('escapement');
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('The promise was fulfilled.');
}

function made<TArgs extends unknown[]>(
  error: new (...args: TArgs) => SchedulerError,
  ...args: TArgs
): readonly [ErrorClass, () => SchedulerError] {
  return [error, () => new error(...args)];
}
