// Measures the Redis store beside BullMQ on the same server: `npm run bench:redis`, or with `-- --json`.
// The server is one of our own that keeps nothing, or with `--durable` an append-only file, synced every second;
// ESCAPEMENT_BENCH_REDIS_URL names another.

import { report } from '../support/report.js';
import { startServers } from '../support/servers.js';
import { drain } from './drain.js';
import { idle } from './idle.js';
import { lateness } from './lateness.js';
import { start } from './start.js';
import { upsert } from './upsert.js';

const DURABLE = { appendonly: 'yes', appendfsync: 'everysec' };

await report([drain, upsert, lateness, start, idle], (_names, isDurable) =>
  startServers(['redis'], isDurable ? DURABLE : {}),
);
