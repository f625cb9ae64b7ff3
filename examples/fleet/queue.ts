// Where the fleet meets: a Redis server for the jobs and for the queue, and a name that keeps this fleet's keys apart.

import type { BullMQQueueOptions } from 'escapement/executors/bullmq';

const { REDIS_URL = 'redis://127.0.0.1:6390', FLEET_NAME = 'fleet' } = process.env;

/** Is where the jobs are kept. */
export const store: { url: string; prefix: string } = { url: REDIS_URL, prefix: FLEET_NAME };

/** Is the queue between schedulers and workers: the same at both ends. */
export const queue: BullMQQueueOptions = {
  connection: { url: REDIS_URL },
  queue: FLEET_NAME,
  // So that a dead worker is found out within seconds. Leave it alone in an app of yours.
  lockDuration: { seconds: 2 },
};
