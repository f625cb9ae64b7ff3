import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Cancels a run, or asks for it. Arguments: its id. Gives what was done, the run, its job as it was before
 * it came to its end, and the time.
 */
export const REQUEST_CANCEL: RedisScript = movingScript(
  'request-cancel',
  String.raw`
local id = text()
local run = loadRun(id)
if not run then return { 'missing' } end
if isOver(run) then return { 'over', runRecord(id) } end
if run.status == 'running' then
  askToCancel(run)
  -- Where the records of its steps were lost, none of them would.
  if isAwaiting(run) then goOn(id) end
  return { 'requested', runRecord(id) }
end
local job = loadJob(run.uid)
finish(run, job, 'cancelled')
return { 'cancelled', runRecord(id), endIfDone(job) or {}, now }
`,
);
