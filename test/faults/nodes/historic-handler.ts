import type { RunContext } from 'escapement';
import type { HistoryWriter } from '../history/history-writer.js';
import { BEHAVIOURS } from './behaviours.js';

/** Gives a handler that behaves as a name says, and writes its start and its end into a history. */
export function historicHandler(
  history: HistoryWriter,
  name: string,
): (context: RunContext) => Promise<unknown> {
  const behave = BEHAVIOURS[name] ?? (() => {});
  return async (context) => {
    const { runId, attempt, signal, previous, failure } = context;
    const { job, scheduledAt, fencingToken: token } = context;
    history.write({
      kind: 'effect:start',
      runId,
      jobId: job?.id ?? null,
      attempt,
      scheduledAt: scheduledAt.getTime(),
      token,
      ...(previous !== undefined && { previous }),
      ...(failure !== null && { failure: failure.runId }),
    });
    try {
      const result: unknown = await behave(context);
      history.write({
        kind: 'effect:end',
        runId,
        attempt,
        how: 'done',
        ...(result !== undefined && { result }),
      });
      return result;
    } catch (error) {
      history.write({ kind: 'effect:end', runId, attempt, how: signal.aborted ? 'aborted' : 'failed' });
      throw error;
    }
  };
}
