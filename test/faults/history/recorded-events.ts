import { inspect } from 'node:util';
import type { EventListener, Scheduler, SchedulerEventName } from 'escapement';
import type { HistoryWriter } from './history-writer.js';

const NAMES: readonly SchedulerEventName[] = [
  'job:finished',
  'job:parked',
  'run:succeeded',
  'run:failed',
  'run:retrying',
  'run:missed',
  'run:skipped',
  'run:coalesced',
  'run:cancelled',
  'run:lost',
  'store:error',
  'store:recovered',
  'store:reset',
];

/** Writes a scheduler's events into a history. */
export function recordEvents(scheduler: Scheduler, history: HistoryWriter): void {
  for (const name of NAMES) {
    const listener: EventListener<typeof name> = (event) => {
      history.write({ kind: 'event', name, ...subjectOf(event) });
    };
    scheduler.on(name, listener);
  }
}

function subjectOf(event: object): {
  runId: string | null;
  jobId: string | null;
  detail: string | null;
} {
  const {
    run,
    job,
    jobId,
    count,
    error: cause,
  } = event as {
    run?: { id: string; jobId: string | null } | null;
    job?: { id: string };
    jobId?: string | null;
    count?: number;
    error?: unknown;
  };
  return {
    runId: run?.id ?? null,
    jobId: job?.id ?? run?.jobId ?? jobId ?? null,
    detail: cause === undefined ? (count?.toString() ?? null) : inspect(cause, { depth: 0 }),
  };
}
