import { randomBytes } from 'node:crypto';
import { Queue, createPostgresBackend } from 'bullmq';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { BullMQQueueOptions } from 'escapement/executors/bullmq';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { freshDatabase } from '../../../support/servers/fresh-names.js';
import type { FreshDatabase } from '../../../support/servers/fresh-names.js';

/** Is where queues are: in Redis, or in PostgreSQL. */
export interface Place {
  readonly kind: 'redis' | 'postgres';
  /** Names a queue that no other test has. */
  queue(): BullMQQueueOptions;
}

/** Describes what holds in Redis and in PostgreSQL alike. */
export async function describeInQueues(title: string, suite: (place: Place) => void): Promise<void> {
  await describeOnServer('redis', `${title}, in Redis`, (url) => {
    suite({ kind: 'redis', queue: () => redisQueue(url) });
  });
  await describeOnServer('postgres', `${title}, in PostgreSQL`, (url) => {
    let database: FreshDatabase | null = null;
    beforeAll(async () => {
      database = await freshDatabase(url);
    });
    afterAll(() => database?.drop());
    suite({ kind: 'postgres', queue: () => ({ postgres: database?.url ?? '', queue: freshQueue() }) });
  });
}

/** Is a queue past the library. */
type OpenQueue = Pick<Queue, 'getJobCounts' | 'getJobCountByTypes' | 'obliterate'> & {
  getJob(id: string): Promise<{ data: unknown; updateData(data: object): Promise<void> } | undefined>;
};

/** Opens a queue past the library, until the test is over. */
export function openQueue({ queue = '', connection, postgres }: BullMQQueueOptions): OpenQueue {
  const opened =
    typeof postgres === 'string'
      ? new Queue(queue, { connection: { connectionString: postgres, migrate: true } }, createPostgresBackend)
      : new Queue(queue, { connection: connection ?? {} });
  onTestFinished(() => opened.close());
  return opened;
}

/** Names a queue in Redis that no other test has. */
export function redisQueue(url: string): BullMQQueueOptions {
  return { connection: { url }, queue: freshQueue() };
}

function freshQueue(): string {
  return `t${randomBytes(6).toString('hex')}`;
}
