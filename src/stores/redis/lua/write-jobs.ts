import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Writes jobs that were decided about, if what the decision rests on is still so.
 *
 * Arguments: what is expected, each an id with the mark of its job, none where there is to be no such job;
 * the uids of the jobs that are replaced; the jobs, each a JSON array of whether it is new, its uid, id, queue, wake
 * time, the fields to set, its last token, and when it was finished, and the text of its record.
 *
 * @returns whether it was so and, if it was, for each replaced job the runs that this cancelled, and for each job the
 * last token, and the job as it was before this brought it to its end, and the time
 */
export const WRITE_JOBS: RedisScript = movingScript(
  'write-jobs',
  String.raw`
local isAsExpected = true
for _ = 1, number() do
  local id, mark = text(), text()
  local _, actual = markOf(id)
  if actual ~= mark then isAsExpected = false end
end
if not isAsExpected then return { 0 } end
-- All is looked at before anything is written.
local replaced, puts = texts(), {}
for i = 1, number() do
  local given = cjson.decode(text())
  puts[i] = { given = given, text = text() }
  if not isQueueSound(given[4]) then refuse() end
  if given[1] == '1' then typed('hash', 'job:' .. given[2]) end
end
local cancelled = {}
for i, uid in ipairs(replaced) do cancelled[i] = runRecords(drop(loadJob(uid))) end
local floor = math.max(now, orZero(redis.call('HGET', META, 'token')))
local written = {}
local firstWakeAt = nil

local function wakeJob(work, wakeAt)
  wake(work, wakeAt)
  if not firstWakeAt or wakeAt < firstWakeAt then firstWakeAt = wakeAt end
end

local function insertJob(given, itsText)
  local uid, id, wakeAt, fields = given[2], given[3], orNil(given[5]), given[6]
  local token = digits(math.max(floor, orZero(given[7])))
  fields[#fields + 1], fields[#fields + 2] = 'token', token
  redis.call('HSET', jobKey(uid), unpack(fields))
  redis.call('SET', jobTextKey(uid), itsText)
  if id ~= uid then redis.call('HSET', IDS, id, uid) end
  redis.call('ZADD', JOBS, 0, id)
  if wakeAt then wakeJob({ queue = given[4], member = uid }, wakeAt) end
  local finishedAt = given[8]
  if finishedAt ~= '' then redis.call('ZADD', FINISHED, finishedAt, uid) end
  return { token, {} }
end

local function editJob(given, itsText)
  local uid, queue, wakeAt, fields = given[2], given[4], orNil(given[5]), given[6]
  local before = loadJob(uid)
  if before.queue ~= queue then sleep(before) end
  redis.call('HSET', jobKey(uid), unpack(fields))
  redis.call('SET', jobTextKey(uid), itsText)
  jobs[uid] = nil
  local job = loadJob(uid)
  if wakeAt then wakeJob(job, wakeAt) else sleep(job) end
  local finishedAt = given[8]
  if finishedAt ~= '' then redis.call('ZADD', FINISHED, finishedAt, uid) else redis.call('ZREM', FINISHED, uid) end
  unblock(job)
  return { digits(job.token), endIfDone(job) or {} }
end

for i, put in ipairs(puts) do
  written[i] = (put.given[1] == '1' and insertJob or editJob)(put.given, put.text)
end
if firstWakeAt then hintWork(firstWakeAt) end
return { 1, cancelled, written, now }
`,
);
