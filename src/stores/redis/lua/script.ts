import type { RedisScript } from '../connection/redis-connection.js';
import { DUE_QUEUES } from './due-queues.js';
import { JOB_ENDS } from './job-ends.js';
import { JOB_SLOTS } from './job-slots.js';
import { KEYSPACE } from './keyspace.js';
import { RUN_INSERTS } from './run-inserts.js';
import { RUN_MOVES } from './run-moves.js';
import { RUN_RECORDS } from './run-records.js';
import { STEPS } from './steps.js';

/** Makes a script that only reads. */
export function readingScript(name: string, body: string): RedisScript {
  return { name, isWriting: false, lua: `${KEYSPACE}\n${body}` };
}

/**
 * Makes a script that moves jobs and runs. Its body is a function's; its reply is what that returns, and the keys that were
 * passed over because they are of another type than they should be.
 */
export function movingScript(name: string, body: string): RedisScript {
  const lua = [
    KEYSPACE,
    DUE_QUEUES,
    JOB_SLOTS,
    RUN_RECORDS,
    STEPS,
    RUN_MOVES,
    RUN_INSERTS,
    JOB_ENDS,
    `local function main()\n${body}\nend`,
    'local reply = main()',
    'saveJobs()',
    'writeHeads()',
    'publish()',
    'return { reply, damages() }',
  ].join('\n');
  return { name, isWriting: true, lua };
}
