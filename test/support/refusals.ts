import { expect, test } from 'vitest';
import {
  InvalidDataError,
  InvalidOptionError,
  InvalidTriggerError,
  JobNotFoundError,
  TaskConflictError,
  UnknownExecutorError,
  UnknownStoreError,
  UnknownTaskError,
} from '../../src/index.js';
import type { Scheduler, SchedulerError, TaskHandler } from '../../src/index.js';
import { stage } from './stage.js';

type ErrorClass = abstract new (...args: never) => SchedulerError;

/** Is a call that is to be refused. */
export type Call = (scheduler: Scheduler) => unknown;

/** Says what is refused: the call, the class of the error, and what its message names, with `|` between alternatives. */
export type Refusal = readonly [what: string, call: Call, error: ErrorClass, ...names: string[]];

/** Does nothing. */
export const noop: TaskHandler = () => undefined;

/** Is a sound trigger. */
export const minutely = { interval: { minutes: 1 } };

/** Adds a job that runs {@link noop}. */
export function adding(trigger: unknown, options: object = {}): Call {
  return (scheduler) => scheduler.addJob(noop, trigger as string, options);
}

const CODES = new Map<ErrorClass, string>([
  [InvalidOptionError, 'ESC_INVALID_OPTION'],
  [InvalidTriggerError, 'ESC_INVALID_TRIGGER'],
  [InvalidDataError, 'ESC_INVALID_DATA'],
  [UnknownTaskError, 'ESC_UNKNOWN_TASK'],
  [UnknownStoreError, 'ESC_UNKNOWN_STORE'],
  [UnknownExecutorError, 'ESC_UNKNOWN_EXECUTOR'],
  [TaskConflictError, 'ESC_TASK_CONFLICT'],
  [JobNotFoundError, 'ESC_JOB_NOT_FOUND'],
]);

/** Tests that each call is refused with the right error, which names its reasons, and that nothing has changed then. */
export function testRefusals(rows: readonly Refusal[]): void {
  const titled = rows.map((row) => ({ what: row[0], row }));
  test.each(titled)('$what is refused by name, and nothing is half-added', async ({ row }) => {
    const [, call, errorClass, ...names] = row;
    const { scheduler, events } = stage();
    const error = await refusalOf(() => call(scheduler));
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject({ code: CODES.get(errorClass), name: errorClass.name });
    for (const name of names) expect((error as Error).message).toSatisfy(mentions(name));
    expect(events.names).toEqual([]);
    expect((await scheduler.getJobs({ states: ['active', 'paused', 'finished', 'parked'] })).items).toEqual(
      [],
    );
    expect((await scheduler.getRuns()).items).toEqual([]);
    expect(scheduler.state).toBe('stopped');
  });
}

/** Gives what a call throws or rejects with; fails if it is accepted. */
export async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('It was accepted');
}

function mentions(text: string): (message: string) => boolean {
  return (message) => text.split('|').some((one) => message.includes(one));
}
