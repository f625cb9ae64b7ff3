/** Reads jobs, and keeps which of a job's runs hold its slots and which wait for one. */
export const JOB_SLOTS: string = String.raw`
local jobs = {}

-- Reads which runs hold slots: a line for each, with the slot and the id.
local function readSlots(lines)
  local slots, held = {}, 0
  if lines then
    for slot, id in string.gmatch(lines, '(%d+) ([^\n]+)') do
      slots[slot] = id
      held = held + 1
    end
  end
  return slots, held
end

local function writeSlots(slots)
  local lines = {}
  for slot, id in pairs(slots) do lines[#lines + 1] = slot .. ' ' .. id end
  return table.concat(lines, '\n')
end

local function readJob(uid)
  local found = redis.pcall('HMGET', jobKey(uid), 'id', 'queue', 'named', 'maxInstances', 'maxRuns', 'fence', 'state',
    'nextRunAt', 'dueAt', 'runCount', 'lastFireAt', 'token', 'counts', 'slots', 'lines')
  if found.err or not (found[1] and found[2]) then return nil end
  local slots, held = readSlots(found[14])
  return {
    uid = uid, member = uid, id = found[1], queue = found[2], named = found[3] == '1', maxInstances = orZero(found[4]),
    maxRuns = orNil(found[5]), fence = orZero(found[6]), state = found[7], nextRunAt = orNil(found[8]),
    dueAt = orNil(found[9]), runCount = orZero(found[10]), lastFireAt = orNil(found[11]), token = orZero(found[12]),
    counts = some(found[13]), slots = slots, held = held, hasLines = found[15] == '1', isMoved = false,
    queuedKey = root .. 'queued:' .. uid, waitingKey = root .. 'waiting:' .. uid, blockedKey = root .. 'blocked:' .. uid,
  }
end

-- Adds what starts and ends of runs move in a job to the fields to write of it.
local function addMoved(job, fields)
  local size = #fields
  fields[size + 1], fields[size + 2] = 'token', digits(job.token)
  fields[size + 3], fields[size + 4] = 'slots', writeSlots(job.slots)
  fields[size + 5], fields[size + 6] = 'lines', job.hasLines and '1' or ''
  job.isMoved = false
  return fields
end

local function saveJob(job)
  if job and job.isMoved then redis.call('HSET', jobKey(job.uid), unpack(addMoved(job, {}))) end
end

local function saveJobs()
  for _, job in pairs(jobs) do saveJob(job) end
end

local function loadJob(uid)
  if not uid then return nil end
  local job = jobs[uid]
  if job == nil then
    job = readJob(uid) or false
    jobs[uid] = job
  end
  return job or nil
end

local function freeSlots(job)
  return job.maxInstances - job.held
end

local function isBlocked(job)
  return job ~= nil and freeSlots(job) <= 0
end

local function takeSlot(job, runId)
  local slot = 0
  while job.slots[tostring(slot)] do slot = slot + 1 end
  job.slots[tostring(slot)] = runId
  job.held = job.held + 1
  job.isMoved = true
  return slot
end

local function giveSlot(job, slot)
  if not job.slots[slot] then return end
  job.slots[slot] = nil
  job.held = job.held - 1
  job.isMoved = true
end

local function members(key)
  local found = redis.pcall('SMEMBERS', key)
  if found.err then return {} end
  return found
end

-- Names the line of a run: its queue without the priority.
local function lineOf(run)
  return string.match(run.queue, '^(.*)\n')
end

local function lineKey(job, line)
  return root .. 'blocked:' .. job.uid .. '\n' .. line
end

local function isLineSound(job, line)
  return isTyped('set', 'blocked:' .. job.uid) and isTyped('zset', 'blocked:' .. job.uid .. '\n' .. line)
end

local function block(job, run)
  local line = lineOf(run)
  sleep(run)
  -- Of another type, it keeps this job's runs from waiting, and nothing else.
  if not isLineSound(job, line) then return end
  local priority = orZero(string.match(run.queue, '(-?%d+)$'))
  redis.call('ZADD', lineKey(job, line), digits(run.availableAt - priority * 1e13), run.id)
  redis.call('SADD', job.blockedKey, line)
  if not job.hasLines then job.hasLines, job.isMoved = true, true end
end

-- Gives the lines of a job that somebody waits in.
local function linesOf(job)
  return job.hasLines and members(job.blockedKey) or {}
end

local function dropEmptyLine(job, line)
  if redis.call('EXISTS', lineKey(job, line)) == 1 or not isLineSound(job, line) then return end
  redis.call('SREM', job.blockedKey, line)
  if redis.call('EXISTS', job.blockedKey) == 0 then job.hasLines, job.isMoved = false, true end
end

local function leaveLine(job, run)
  if not job.hasLines then return end
  local line = lineOf(run)
  if not isLineSound(job, line) then return end
  redis.call('ZREM', lineKey(job, line), run.id)
  dropEmptyLine(job, line)
end
`;
