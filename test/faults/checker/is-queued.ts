import type { RunRecord } from 'escapement';

/** Tells whether a run is executed by a queue's workers: they go on with it when its node dies, and the next finds it there. */
export function isQueued(run: Pick<RunRecord, 'executor'> | undefined): boolean {
  return run?.executor === 'queue';
}
