/** Has a function called at the times of a cron expression, and gives what holds the schedule. */
export type Schedule = (expression: string, call: () => void) => unknown;

/** Loads the other schedulers, each where it is measured only. */
export const PEERS: Readonly<Record<string, () => Promise<Schedule>>> = {
  'node-cron': async () => {
    const { schedule } = await import('node-cron');
    return schedule;
  },
  croner: async () => {
    const { Cron } = await import('croner');
    return (expression, call) => new Cron(expression, call);
  },
  cron: async () => {
    const { CronJob } = await import('cron');
    return (cronTime, onTick) => CronJob.from({ cronTime, onTick, start: true });
  },
  'node-schedule': async () => {
    const { scheduleJob } = await import('node-schedule');
    return (expression, call) => scheduleJob(expression, call);
  },
};

/** Gives a peer's way to schedule. */
export async function loadPeer(name: string): Promise<Schedule> {
  const load = PEERS[name];
  if (load === undefined) throw new Error(`There is no peer ${name}`);
  return load();
}
