import { onTestFinished } from 'vitest';
import { MemoryJobStore, Scheduler } from '../../src/index.js';
import type { SchedulerOptions } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { RecordingLogger } from './recording-logger.js';

/** Is a scheduler on a clock that is moved by hand, with all that it says recorded. */
export interface Stage {
  readonly clock: ManualClock;
  readonly scheduler: Scheduler;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

/** Is when the clock of a stage starts. */
export const START = '2026-01-01T00:00:00.000Z';

export type StageOptions = Omit<SchedulerOptions, 'clock' | 'logger'>;

/** Makes a stage; its scheduler is shut down when the test is over. */
export function stage(options: StageOptions = {}): Stage {
  const made = unattendedStage(options);
  onTestFinished(() => stop(made));
  return made;
}

/** Makes a stage and starts its scheduler. */
export async function startedStage(options: StageOptions = {}): Promise<Stage> {
  const made = stage(options);
  await made.scheduler.start();
  return made;
}

/** Makes a stage that its user stops. */
export function unattendedStage(options: StageOptions = {}): Stage {
  const clock = new ManualClock(START);
  const log = new RecordingLogger();
  const stores = { default: new MemoryJobStore(), ...options.stores };
  const scheduler = new Scheduler({ ...options, stores, clock, logger: log });
  return { clock, scheduler, events: new EventRecorder(scheduler), log };
}

/** Shuts a stage's scheduler down at once, however its handlers and its store behave. */
export async function stop({ scheduler, clock }: Pick<Stage, 'scheduler' | 'clock'>): Promise<void> {
  await moving(clock, scheduler.shutdown({ wait: false }));
}

/** Lets time pass until a promise has settled. */
export async function moving<T>(clock: ManualClock, promise: Promise<T>, stepMs = 1000): Promise<T> {
  const state = { isSettled: false };
  const settle = (): void => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  await clock.settle();
  for (let step = 0; !state.isSettled; step++) {
    if (step === 200) throw new Error('The promise has not settled though time has passed');
    await clock.advance(stepMs);
  }
  return promise;
}
