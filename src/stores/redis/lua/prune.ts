import type { RedisScript } from '../connection/redis-connection.js';
import { PERMIT_WINDOWS } from './permit-windows.js';
import { movingScript } from './script.js';

/** Deletes ended runs, and with them permits that count no more. Arguments: the instant before which they ended, how many at most. Gives how many. */
export const PRUNE_RUNS: RedisScript = movingScript(
  'prune-runs',
  String.raw`${PERMIT_WINDOWS}
local before, limit = text(), number()
local ids = redis.call('ZRANGEBYSCORE', ENDED, '-inf', '(' .. before, 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  eraseRun(id)
  redis.call('ZREM', ENDED, id)
end
if isTyped('hash', 'permits') then sweepPermits(limit) end
return #ids
`,
);

/** Deletes finished jobs. Arguments: the instant before which they were finished, how many at most. Gives how many. */
export const PRUNE_JOBS: RedisScript = movingScript(
  'prune-jobs',
  String.raw`
local before, limit = text(), number()
local uids = redis.call('ZRANGEBYSCORE', FINISHED, '-inf', '(' .. before, 'LIMIT', 0, limit)
for _, uid in ipairs(uids) do
  local job = loadJob(uid)
  if job then drop(job) else redis.call('ZREM', FINISHED, uid) end
end
return #uids
`,
);
