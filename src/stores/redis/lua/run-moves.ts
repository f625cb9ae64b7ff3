/**
 * Moves runs from state to state, with the sets that they are in.
 *
 * A run that is queued and not held is in the `waiting` set of its job if overlap counts it, in the `queued` one if not,
 * and in a due queue or, if it is due and its job has no slot, in a line of blocked ones. A held one is in the hash of its
 * node and in a slot of its job. One that is over, and held no more, is among the ended.
 */
export const RUN_MOVES: string = String.raw`
local function loadRun(id)
  local found = redis.pcall('HMGET', runKey(id), 'status', 'queue', 'job', 'availableAt', 'expiresAt', 'attempt',
    'failures', 'recoveries', 'owner', 'held', 'slot', 'token', 'cancel', 'error', 'finishedAt',
    'progress', 'planned')
  if found.err or not (found[1] and found[2]) then return nil end
  return {
    id = id, member = id, status = found[1], queue = found[2], uid = found[3] or nil, availableAt = orZero(found[4]),
    expiresAt = orNil(found[5]), attempt = orZero(found[6]), failures = orZero(found[7]),
    recoveries = orZero(found[8]), owner = found[9] or nil, held = found[10] == '1', slot = some(found[11]),
    token = orZero(found[12]), cancel = found[13] == '1', error = found[14] or nil, finishedAt = orNil(found[15]),
    progress = found[16] or nil, planned = found[17] == '1',
  }
end

-- Gives what of a run never changes.
local function fixedOf(run)
  local itsText = redis.pcall('GET', runTextKey(run.id))
  if type(itsText) ~= 'string' then return {} end
  local ok, fixed = pcall(cjson.decode, itsText)
  return ok and type(fixed) == 'table' and fixed or {}
end

local function isOver(run)
  return run.status ~= 'queued' and run.status ~= 'running'
end

-- Tells whether a run is one that overlap counts as waiting.
local function isWaiting(run)
  return run.status == 'queued' and run.attempt == 0 and run.planned
end

-- Removes a run that is in no queue and holds nothing.
local function eraseRun(id)
  local fixed = fixedOf({ id = id })
  if type(fixed.createdAt) == 'number' then
    local place = string.format('%016.0f', fixed.createdAt) .. '-' .. id
    redis.call('ZREM', RUNS, place)
    if type(fixed.jobId) == 'string' then redis.pcall('ZREM', historyKey(fixed.jobId), place) end
    if type(fixed.uniqueKey) == 'string' and redis.call('HGET', UNIQUE, fixed.uniqueKey) == id then
      redis.call('HDEL', UNIQUE, fixed.uniqueKey)
    end
  end
  redis.call('DEL', runTextKey(id))
  if redis.call('TYPE', runKey(id)).ok == 'hash' then redis.call('DEL', runKey(id)) end
end

-- Tells whether there is a run; what is of another type is none.
local function isRun(id)
  return type(redis.pcall('HGET', runKey(id), 'status')) == 'string'
end

-- Removes what is left of a run whose hash is gone, and gives the uid of its job; what stands in its place is somebody else's.
local function eraseRest(id)
  if isRun(id) then return nil end
  local uid = fixedOf({ id = id }).jobUid
  if type(uid) == 'string' then
    redis.pcall('SREM', root .. 'queued:' .. uid, id)
    redis.pcall('SREM', root .. 'waiting:' .. uid, id)
  end
  eraseRun(id)
  return type(uid) == 'string' and uid or nil
end

-- Names the set of a job's queued runs that one belongs to: those that overlap counts are by themselves.
local function queuedName(run)
  return (isWaiting(run) and 'waiting:' or 'queued:') .. run.uid
end

-- Tells whether a queued run can be put where it belongs, before anything of it is written.
local function canWait(run, job)
  if not isQueueSound(run.queue) then return false end
  if not job then return true end
  return isTyped('set', queuedName(run)) and (not isBlocked(job) or isLineSound(job, lineOf(run)))
end

-- Puts a run that nobody holds where it belongs.
local function place(run, job)
  if run.held or run.status == 'running' then return end
  if run.status == 'queued' then
    if job and isTyped('set', queuedName(run)) then redis.call('SADD', root .. queuedName(run), run.id) end
    if run.availableAt <= now and isBlocked(job) then block(job, run) else wake(run, run.availableAt) end
  else
    redis.call('ZADD', ENDED, digits(run.finishedAt or now), run.id)
  end
end

-- Takes a queued run from where it waits to be claimed.
local function unqueue(run, job)
  sleep(run)
  if job then redis.pcall('SREM', root .. queuedName(run), run.id) end
end

-- Lets as many blocked runs of each line be claimed as the job has slots for; tells whether there was one.
local function unblock(job)
  local isAny = false
  for _, line in ipairs(linesOf(job)) do
    local key = lineKey(job, line)
    local left = freeSlots(job)
    while left > 0 and isLineSound(job, line) do
      local id = redis.call('ZRANGE', key, 0, 0)[1]
      if not id then break end
      redis.call('ZREM', key, id)
      local run = loadRun(id)
      if run and run.status == 'queued' then
        wake(run, run.availableAt)
        isAny = true
        left = left - 1
      elseif not run then
        eraseRest(id)
      end
    end
    dropEmptyLine(job, line)
  end
  if isAny then hintWork() end
  return isAny
end

local holding = {}
local function hold(node, run)
  redis.call('HSET', heldKey(node), run.id, run.uid or '')
  if not holding[node] then
    holding[node] = true
    redis.call('SADD', HOLDERS, node)
  end
end

local function drawToken(run, job)
  if not job then return math.max(now, run.token or 0) + 1 end
  -- Never below the clock: after a fail-over the counter may be one that others have drawn from.
  job.token = math.max(now, job.token) + 1
  job.isMoved = true
  return job.token
end

-- Starts an attempt of a queued run; gives its slot and its token.
local function start(run, job, node)
  unqueue(run, job)
  local token = drawToken(run, job)
  local fields = { 'status', 'running', 'owner', node, 'held', '1', 'attempt', digits(run.attempt + 1),
    'token', digits(token), 'startedAt', digits(now) }
  local slot = ''
  if job then
    slot = takeSlot(job, run.id)
    fields[#fields + 1] = 'slot'
    fields[#fields + 1] = slot
  end
  redis.call('HSET', runKey(run.id), unpack(fields))
  if run.attempt > 0 then redis.call('HDEL', runKey(run.id), 'progress', 'cancel') end
  hold(node, run)
  return slot, digits(token)
end

-- Frees what a run holds; whatever writes its state next says so too.
local function letGo(run, job)
  redis.pcall('HDEL', heldKey(run.owner), run.id)
  if job and run.slot then giveSlot(job, run.slot) end
  run.held, run.slot = false, nil
end

local function writeState(run, fields)
  if not run.held then
    local size = #fields
    fields[size + 1], fields[size + 2], fields[size + 3], fields[size + 4] = 'held', '', 'slot', ''
  end
  redis.call('HSET', runKey(run.id), unpack(fields))
end

-- Ends a run. What it holds stays held until its handler has settled.
local function finish(run, job, status, result)
  local wasQueued = run.status == 'queued'
  if wasQueued then
    unqueue(run, job)
    if job then leaveLine(job, run) end
  end
  run.status, run.finishedAt = status, now
  local fields = { 'status', status, 'finishedAt', digits(now) }
  if result then
    fields[#fields + 1] = 'result'
    fields[#fields + 1] = result
  end
  writeState(run, fields)
  place(run, job)
  -- A slot that this run was let out of its line for is the next one's now.
  if wasQueued and not run.held and job then unblock(job) end
  hint('ended ' .. run.id)
end

-- Makes a run wait for another attempt.
local function queueAgain(run, job, availableAt, fields)
  run.status, run.availableAt = 'queued', availableAt
  writeState(run, { 'status', 'queued', 'availableAt', digits(availableAt), unpack(fields) })
  if run.cancel then redis.call('HDEL', runKey(run.id), 'cancel') end
  place(run, job)
end

local function setError(run, failure)
  if failure then
    redis.call('HSET', runKey(run.id), 'error', failure)
  elseif run.error then
    redis.call('HDEL', runKey(run.id), 'error')
  end
  run.error = failure
end

local function handBack(run, job)
  if run.cancel or (run.uid and not job) then
    finish(run, job, 'cancelled')
  else
    queueAgain(run, job, now, {})
  end
end

local function askToCancel(run)
  redis.call('HSET', runKey(run.id), 'cancel', '1')
  hint('cancel ' .. run.id)
end
`;
