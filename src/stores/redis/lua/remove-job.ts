import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/** Removes a job, and gives it as it was with the runs that this cancelled. Arguments: its id. */
export const REMOVE_JOB: RedisScript = movingScript(
  'remove-job',
  String.raw`
local id = text()
local job = loadJob(markOf(id))
if not job then
  -- What is left of a job whose record is gone.
  redis.call('HDEL', IDS, id)
  redis.call('ZREM', JOBS, id)
  return {}
end
local removed = jobRecord(job.uid)
return { removed, runRecords(drop(job)) }
`,
);
