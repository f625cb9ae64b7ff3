import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, payloadsOf, type Contender } from './contender.js';
import { Fleet, type FleetOrder } from './fleet.js';

/** Says who runs how many jobs in how many processes. */
export interface Drain {
  /** Says what the processes are started with. */
  readonly order: FleetOrder;
  /** Is who adds the jobs; the processes run the same. */
  readonly contender: Contender;
  /** Is how many processes run them. */
  readonly processes: number;
  /** Is how many jobs there are. */
  readonly jobs: number;
  /** Counts the jobs that the database knows to be done. */
  readonly countDone: () => Promise<number>;
}

/** Is how long everybody rests between the last job's adding and the start. */
const SETTLE_MS = 500;
/** Is how often the database is asked whether all is done, once all handlers have been called. */
const LOOK_MS = 2;

/**
 * Gives how many jobs a second some processes run that find all of them due: they are connected and wait while the jobs
 * are added, and the clock runs from the moment they are let go until the database knows every job to be done.
 *
 * @throws if not every job ran exactly once
 */
export async function drainRate({ order, contender, processes, jobs, countDone }: Drain): Promise<number> {
  await contender.prepare(order.url);
  await using fleet = await Fleet.start(order, processes);
  const producer = await contender.produce(order.url);
  const release = await producer.fill(payloadsOf(jobs));
  await sleep(SETTLE_MS);
  const startedAt = monotonicMs();
  fleet.go();
  await release();
  while (fleet.count < jobs) await sleep(1);
  while ((await countDone()) < jobs) await sleep(LOOK_MS);
  const seconds = (monotonicMs() - startedAt) / 1000;
  await producer.close();
  const logs = await fleet.stop();
  checkEachOnce(
    logs.flatMap(({ numbers }) => numbers),
    jobs,
  );
  return jobs / seconds;
}

/** Names a number of processes. */
export function processesOf(processes: number): string {
  return processes === 1 ? '1 process' : `${processes} processes`;
}

function checkEachOnce(numbers: readonly number[], jobs: number): void {
  const distinct = new Set(numbers).size;
  if (distinct !== jobs || numbers.length !== jobs)
    throw new Error(`Of ${jobs} jobs ${distinct} ran, in ${numbers.length} runs`);
}
