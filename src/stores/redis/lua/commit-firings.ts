import { QUEUE_ALL_LIMIT } from '../../../job/job-policy.js';
import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Advances claimed jobs and inserts their runs.
 *
 * Arguments: the node, the decisions: each with uid, fence, next fire time, due time, how many runs can start, overlap,
 * the counted spans (kind and JSON text), the runs.
 *
 * @returns the time, and for each decision nothing where it was lost, or: the ids of the runs that are no duplicates if
 * some are, how many those are, the slots and tokens of the runs that were started, how many wait, the runs that were
 * cancelled, those that are to be, and the job as it was before it came to its end
 */
export const COMMIT_FIRINGS: RedisScript = movingScript(
  'commit-firings',
  String.raw`
local QUEUE_ALL_LIMIT = ${String(QUEUE_ALL_LIMIT)}

local function count(counts, kind, span)
  local tally = counts[kind]
  if type(tally) ~= 'table' then tally = { total = 0, exact = true } end
  counts[kind] = { total = (tonumber(tally.total) or 0) + span.count, exact = tally.exact and span.exact, last = span }
end

local function readCounts(job)
  local ok, counts = pcall(cjson.decode, job.counts or '{}')
  if ok and type(counts) == 'table' then return counts end
  return {}
end

local function readDecision()
  local decision = {
    uid = text(), fence = number(), nextRunAt = number(), dueAt = number(), startable = number(), overlap = text(),
    counted = {},
  }
  for i = 1, number() do decision.counted[i] = { kind = text(), span = text() } end
  decision.runs = readRuns()
  return decision
end

local function roomToWait(job, decision, planned)
  local waiting = redis.pcall('SCARD', job.waitingKey)
  if type(waiting) ~= 'number' then waiting = 0 end
  if decision.overlap == 'queue' then return waiting == 0 and 1 or 0 end
  if decision.overlap == 'queueAll' then return math.min(planned, math.max(0, QUEUE_ALL_LIMIT - waiting)) end
  if decision.overlap == 'cancelRunning' then return planned end
  return 0
end

local function earlierRuns(job)
  local found = {}
  for _, id in ipairs(members(job.waitingKey)) do found[#found + 1] = loadRun(id) end
  for _, id in pairs(job.slots) do found[#found + 1] = loadRun(id) end
  return found
end

local function cancelEarlier(job)
  local cancelled, requested = {}, {}
  for _, run in ipairs(earlierRuns(job)) do
    if isWaiting(run) then
      finish(run, job, 'cancelled')
      cancelled[#cancelled + 1] = run.id
    elseif run.status == 'running' then
      askToCancel(run)
      requested[#requested + 1] = run.id
    end
  end
  return runRecords(cancelled), runRecords(requested)
end

local function freshRuns(decision)
  local fresh, taken = {}, {}
  for _, run in ipairs(decision.runs) do
    if not (run.unique and (taken[run.unique] or holderOf(run.unique))) then
      fresh[#fresh + 1] = run
      if run.unique then taken[run.unique] = true end
    end
  end
  return fresh
end

local function insertStarted(job, run, node, isOnList)
  local slot, token = takeSlot(job, run.id), drawToken(run, job)
  insert(run, 'running', { 'owner', node, 'held', '1', 'attempt', '1', 'token', digits(token), 'startedAt', digits(now),
    'slot', slot }, isOnList)
  hold(node, run)
  return { slot, digits(token) }
end

local function advance(job, decision, inserted, skipped)
  job.runCount = job.runCount + #inserted
  local isUsedUp = job.maxRuns and job.runCount >= job.maxRuns
  job.nextRunAt = not isUsedUp and decision.nextRunAt or nil
  job.dueAt = not isUsedUp and decision.dueAt or nil
  job.fence = job.fence + 1
  local fields = addMoved(job, { 'fence', digits(job.fence), 'runCount', digits(job.runCount) })
  local function write(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value and digits(value) or ''
  end
  local wakeAt = job.state == 'active' and job.dueAt or nil
  write('nextRunAt', job.nextRunAt)
  write('dueAt', job.dueAt)
  write('wakeAt', wakeAt)
  local last = inserted[#inserted]
  if last and last.scheduledAt > (job.lastFireAt or -math.huge) then
    job.lastFireAt = last.scheduledAt
    write('lastFireAt', job.lastFireAt)
  end
  if #skipped > 0 or #decision.counted > 0 then
    local counts = readCounts(job)
    if #skipped > 0 then
      count(counts, 'skipped', { count = #skipped, exact = true, firstAt = skipped[1].scheduledAt,
        lastAt = skipped[#skipped].scheduledAt })
    end
    for _, counted in ipairs(decision.counted) do count(counts, counted.kind, cjson.decode(counted.span)) end
    job.counts = cjson.encode(counts)
    fields[#fields + 1] = 'counts'
    fields[#fields + 1] = job.counts
  end
  redis.call('HSET', jobKey(job.uid), unpack(fields))
  if wakeAt then wake(job, wakeAt) else sleep(job) end
end

-- Tells whether all that a decision writes can be written; if it cannot, that is no reason to hold up the others.
local function isSound(job, fresh, from, to)
  if not isQueueSound(job.queue) then return false end
  for i = from + 1, to do
    if not canWait(fresh[i], job) then return false end
  end
  return true
end

local function commit(job, decision, node)
  local fresh = freshRuns(decision)
  local planned, free = #fresh, freeSlots(job)
  local starting, waiting = 0, 0
  local cancelled, requested = {}, {}
  if planned == 0 or free > 0 then
    starting = math.max(0, math.min(planned, free, decision.startable))
    waiting = planned - starting
  elseif decision.overlap ~= 'skip' then
    waiting = math.min(planned, roomToWait(job, decision, planned))
  end
  if not isSound(job, fresh, starting, starting + waiting) then return {} end
  if decision.overlap == 'cancelRunning' and planned > 0 and free <= 0 then
    cancelled, requested = cancelEarlier(job)
  end
  local started, inserted, skipped = {}, {}, {}
  local isOnList = #fresh > 0 and isListed(fresh[1], job, decision.nextRunAt)
  for i, run in ipairs(fresh) do
    if i <= starting then
      started[i] = insertStarted(job, run, node, isOnList)
      inserted[i] = run
    elseif i <= starting + waiting then
      insert(run, 'queued', run.more, isOnList)
      place(run, job)
      inserted[i] = run
    else
      skipped[#skipped + 1] = run
    end
  end
  local ids = {}
  if #fresh < #decision.runs then
    for i, run in ipairs(fresh) do ids[i] = run.id end
  end
  advance(job, decision, inserted, skipped)
  local ended = not job.nextRunAt and endIfDone(job) or {}
  return { ids, planned, started, waiting, cancelled, requested, ended }
end

local node = text()
typed('hash', 'held:' .. node)
local results = {}
for i = 1, number() do
  local decision = readDecision()
  local job = loadJob(decision.uid)
  if job and job.fence == decision.fence then
    results[i] = commit(job, decision, node)
  else
    results[i] = {}
  end
end
return { now, results }
`,
);
