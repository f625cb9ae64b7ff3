// Compares the executors, piscina alone and BullMQ alone: `npm run bench:executors`, or with `-- --json`.
// For `queue` it starts a Redis of its own that keeps nothing; ESCAPEMENT_BENCH_REDIS_URL names another.

import { report } from '../support/report.js';
import { startServers } from '../support/servers.js';
import { overhead } from './overhead.js';
import { queue } from './queue.js';
import { responses } from './responses.js';

await report([overhead, responses, queue], (names) => startServers(names.has(queue.name) ? ['redis'] : []));
