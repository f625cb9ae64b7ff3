import { onTestFinished } from 'vitest';
import { BullMQExecutor } from 'escapement/executors/bullmq';
import type { BullMQExecutorOptions, BullMQQueueOptions } from 'escapement/executors/bullmq';
import type { AnyTask, Execution, RunRecord } from '../../../../src/index.js';
import { RunCancelledError } from '../../../../src/index.js';
import { systemClock } from '../../../../src/time/system-clock.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

/** Is an attempt for an executor that no scheduler has, with what came back of it. */
export interface Attempt {
  readonly execution: Execution;
  readonly progress: (readonly [number, string | null])[];
  abort(reason: unknown): void;
  cancel(): void;
}

/** Makes an attempt. */
export function attemptOf(task: AnyTask, record: Partial<RunRecord> = {}): Attempt {
  const { id = 'run', attempt = 1, data = null, startedAt = 1000 } = record;
  const run = {
    failures: 0,
    priority: 0,
    recovery: 'rerun',
    policy: JSON.stringify({ timeoutMs: null }),
    owner: 'node',
    ...record,
    id,
    attempt,
    data,
  } as RunRecord;
  const controller = new AbortController();
  const progress: (readonly [number, string | null])[] = [];
  const context = {
    data: (data === null ? undefined : JSON.parse(data)) as never,
    job: null,
    runId: id,
    scheduledAt: new Date(0),
    startedAt: new Date(startedAt ?? 0),
    attempt,
    fencingToken: attempt,
    previous: undefined,
    failure: null,
    signal: controller.signal,
    log: new RecordingLogger(),
    progress: (fraction: number, note?: string) => void progress.push([fraction, note ?? null]),
  };
  return {
    execution: { task, run, context },
    progress,
    abort: (reason) => {
      controller.abort(reason);
    },
    cancel: () => {
      controller.abort(new RunCancelledError(id));
    },
  };
}

/** Starts an executor without a scheduler; it is shut down when the test is over. */
export async function startExecutor(
  queue: BullMQQueueOptions,
  options: Partial<BullMQExecutorOptions> = {},
): Promise<{ readonly executor: BullMQExecutor; readonly log: RecordingLogger }> {
  const executor = new BullMQExecutor({ ...queue, ...options });
  const log = new RecordingLogger();
  await executor.start({ clock: systemClock, logger: log });
  onTestFinished(() => executor.shutdown());
  return { executor, log };
}
