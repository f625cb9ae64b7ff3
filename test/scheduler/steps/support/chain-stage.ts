import { defineTask } from '../../../../src/index.js';
import type { Run, Scheduler, Task } from '../../../../src/index.js';
import type { ManualClock } from '../../../../src/testing/manual-clock.js';

/** Makes a task that takes some time, notes when it starts, and heeds its signal. */
export function lasting(
  { clock }: { readonly clock: ManualClock },
  name: string,
  ms: number,
  log: string[] = [],
): Task<unknown, string> {
  return defineTask(
    name,
    ({ signal }) =>
      new Promise<string>((resolve, reject) => {
        log.push(name);
        clock.setTimer(() => {
          resolve(name);
        }, ms);
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      }),
  );
}

/** Gives the status of a run, and then those of its steps. */
export async function statusesOf(scheduler: Scheduler, id: string): Promise<(string | undefined)[]> {
  const run = await scheduler.getRun(id);
  return [run?.status, ...(run?.steps?.map(({ status }) => status) ?? [])];
}

/** Gives the runs that have not ended. */
export async function openRuns(scheduler: Scheduler): Promise<readonly Run[]> {
  return (await scheduler.getRuns({ statuses: ['queued', 'running'], limit: 100 })).items;
}
