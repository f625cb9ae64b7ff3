import { setTimeout as sleep } from 'node:timers/promises';
import { defineTask } from 'escapement';
import type { AnyTask, RunContext } from 'escapement';
import type { HistoryWriter } from '../history/history-writer.js';
import { monotonicMs } from '../history/monotonic.js';

type Behaviour = (context: RunContext) => Promise<void> | void;

const msOf = ({ data }: RunContext): number => (data as { ms: number }).ms;

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  noop: () => {},
  /** Takes its time, and stops when it is told to. */
  sleep: (context) => sleep(msOf(context), undefined, { signal: context.signal }),
  /** Does so in its first attempt; its later ones take no time. */
  first: (context) => {
    const ms = context.attempt === 1 ? msOf(context) : 0;
    return sleep(ms, undefined, { signal: context.signal });
  },
  /** Takes its time whatever it is told. */
  deaf: (context) => sleep(msOf(context)),
  /** Ends at an instant that is given in the data, whatever it is told. */
  until: ({ data }) => sleep(Math.max(0, (data as { at: number }).at - Date.now())),
  /** Lets nothing else in its process go on meanwhile, heartbeats included; its later attempts take no time. */
  block: (context) => {
    const endAt = monotonicMs() + (context.attempt === 1 ? msOf(context) : 0);
    while (monotonicMs() < endAt);
  },
  /** Takes its whole process with it. */
  die: () => {
    process.kill(process.pid, 'SIGKILL');
  },
};

/** Gives tasks whose handlers write their start and their end into a history. */
export function historicTasks(history: HistoryWriter, names = Object.keys(BEHAVIOURS)): AnyTask[] {
  return names.map((name) => {
    const behave = BEHAVIOURS[name] ?? (() => {});
    return defineTask(name, async (context: RunContext) => {
      const { runId, attempt, signal } = context;
      const { job, scheduledAt, fencingToken: token } = context;
      const jobId = job?.id ?? null;
      history.write({
        kind: 'effect:start',
        runId,
        jobId,
        attempt,
        scheduledAt: scheduledAt.getTime(),
        token,
      });
      try {
        await behave(context);
        history.write({ kind: 'effect:end', runId, attempt, how: 'done' });
      } catch (error) {
        history.write({ kind: 'effect:end', runId, attempt, how: signal.aborted ? 'aborted' : 'failed' });
        throw error;
      }
    });
  });
}
