import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, type Contender } from './contender.js';
import { Fleet, type FleetOrder } from './fleet.js';

/** Says who adds how much to what. */
export interface Arrivals {
  /** Says what the process that runs the jobs is started with. */
  readonly order: FleetOrder;
  /** Is who adds the jobs. */
  readonly contender: Contender;
  /** Is how many jobs are added in a second. */
  readonly perSecond: number;
  /** Is for how long jobs are added. */
  readonly seconds: number;
}

const SETTLE_MS = 1000;
const PATIENCE_MS = 10_000;

/**
 * Gives how long after its adding each job started, in milliseconds, when one process adds some a second and another
 * runs them: from the call that adds one to the handler's first line.
 *
 * @throws if not every job ran
 */
export async function startDelays({
  order,
  contender,
  perSecond,
  seconds,
}: Arrivals): Promise<readonly number[]> {
  await contender.prepare(order.url);
  await using fleet = await Fleet.start(order, 1);
  fleet.go();
  const producer = await contender.produce(order.url);
  await sleep(SETTLE_MS);
  const jobs = seconds * perSecond;
  const beginMs = monotonicMs();
  for (let n = 0; n < jobs; n++) {
    await sleep(Math.max(0, beginMs + (n * 1000) / perSecond - monotonicMs()));
    await producer.add({ n, at: monotonicMs() });
  }
  for (let waitedMs = 0; fleet.count < jobs && waitedMs < PATIENCE_MS; waitedMs += 100) await sleep(100);
  await producer.close();
  const [log] = await fleet.stop();
  const lateMs = log?.lateMs ?? [];
  if (lateMs.length !== jobs) throw new Error(`Of ${jobs} jobs ${lateMs.length} ran`);
  return lateMs;
}
