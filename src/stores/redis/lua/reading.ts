import type { RedisScript } from '../connection/redis-connection.js';
import { readingScript } from './script.js';

/** Gives the store's time. */
export const READ_TIME: RedisScript = readingScript('read-time', 'return now');

/** Gives a run. Arguments: its id. */
export const READ_RUN: RedisScript = readingScript('read-run', 'return runRecord(text())');

/** Gives the time, and jobs, each with its uid and the mark that a write of it has to bring back. Arguments: ids. */
export const READ_JOBS: RedisScript = readingScript(
  'read-jobs',
  String.raw`
local found = {}
for i, id in ipairs(texts()) do
  local uid, mark = markOf(id)
  found[i] = uid and { uid, mark, jobRecord(uid) } or {}
end
return { now, found }
`,
);

/**
 * Gives a part of the jobs in the order of their ids, and the id that it ends at. Arguments: the id to begin after, how
 * many.
 */
export const LIST_JOBS: RedisScript = readingScript(
  'list-jobs',
  String.raw`
local after, count = text(), number()
local ids = redis.call('ZRANGEBYLEX', JOBS, after and '(' .. after or '-', '+', 'LIMIT', 0, count)
local found = {}
for i, id in ipairs(ids) do
  found[i] = jobRecord(uidOf(id))
  -- Nothing else would find the place of a job whose record is gone.
  if #found[i] == 0 then redis.call('ZREM', JOBS, id) end
end
return { found, #ids == count and ids[#ids] or '' }
`,
);

/**
 * Gives a part of the runs, the newest first, and where it ends. Arguments: the id of the job whose runs they are, the
 * run that they follow or belong to, the place to begin after, how many.
 */
export const LIST_RUNS: RedisScript = readingScript(
  'list-runs',
  String.raw`
local jobId, parent, after, count = text(), text(), text(), number()
local key = RUNS
if parent then
  key = typed('zset', 'children:' .. parent)
elseif jobId and hasHistory(jobId) then
  key = typed('zset', 'history:' .. jobId)
end
local places = redis.call('ZREVRANGEBYLEX', key, after and '(' .. after or '+', '-', 'LIMIT', 0, count)
local found = {}
for i, place in ipairs(places) do
  found[i] = runRecord(string.sub(place, 18))
  -- Nothing else would find the place of a run whose record is gone.
  if #found[i] == 0 then redis.call('ZREM', key, place) end
end
return { found, #places == count and places[#places] or '' }
`,
);
