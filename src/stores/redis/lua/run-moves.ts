import { MAX_RECOVERIES } from '../../../job/job-policy.js';

/**
 * Moves runs from state to state, with the sets that they are in.
 *
 * A run that is queued and not held is in the `waiting` set of its job if overlap counts it, in the `queued` one if not,
 * and in a due queue or, if it is due and its job has no slot, in a line of blocked ones. A held one is in the hash of its
 * node and in a slot of its job. One that awaits its steps is in that slot alone. One that is over, and held no more, is
 * among the ended, but for a step whose parent is not.
 */
export const RUN_MOVES: string = String.raw`
local MAX_RECOVERIES = ${String(MAX_RECOVERIES)}

-- Is below: what is left of a step may be all that its parent awaits, and that goes on by all that is here.
local goOn

-- Removes a run that is in no queue and holds nothing.
local function eraseRun(id)
  local fixed = fixedOf({ id = id })
  if type(fixed.createdAt) == 'number' then
    local place = string.format('%016.0f', fixed.createdAt) .. '-' .. id
    redis.call('ZREM', RUNS, place)
    if type(fixed.jobId) == 'string' then redis.pcall('ZREM', historyKey(fixed.jobId), place) end
    if type(fixed.parentRunId) == 'string' then redis.pcall('ZREM', root .. 'children:' .. fixed.parentRunId, place) end
    if type(fixed.uniqueKey) == 'string' and redis.call('HGET', UNIQUE, fixed.uniqueKey) == id then
      redis.call('HDEL', UNIQUE, fixed.uniqueKey)
    end
  end
  redis.call('DEL', runTextKey(id))
  if redis.call('TYPE', runKey(id)).ok == 'hash' then redis.call('DEL', runKey(id)) end
end

-- Removes what is left of a run whose hash is gone, and gives the uid of its job; what stands in its place is somebody else's.
local function eraseRest(id)
  if isRun(id) then return nil end
  local fixed = fixedOf({ id = id })
  local uid, parent = fixed.jobUid, type(fixed.step) == 'number' and fixed.parentRunId
  if type(uid) == 'string' then
    redis.pcall('SREM', root .. 'queued:' .. uid, id)
    redis.pcall('SREM', root .. 'waiting:' .. uid, id)
  end
  endKept(id)
  eraseRun(id)
  if type(parent) == 'string' then
    closeStep(id, parent)
    goOn(parent)
  end
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
    if not isKept(run) then redis.call('ZADD', ENDED, digits(run.finishedAt or now), run.id) end
    if run.keeps or keeping[run.id] then endKept(run.id) end
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
  if run.attempt > 0 then redis.call('HDEL', runKey(run.id), 'progress') end
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
  if run.parent then
    closeStep(run.id, run.parent)
    run.wentOn = goOn(run.parent, run.taker)
  end
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

local function mayRunAgain(run, job)
  local fixed = fixedOf(run)
  if run.recoveries >= MAX_RECOVERIES or (run.uid and not job) then return false end
  if fixed.recovery == 'resume' then return true end
  if fixed.recovery ~= 'rerun' then return false end
  return not run.planned or not job or (job.lastFireAt or -math.huge) <= orZero(fixed.scheduledAt)
end

-- Runs a run again that died with whoever executed it, or ends it.
local function survive(run, job)
  if run.cancel then
    finish(run, job, 'cancelled')
  elseif mayRunAgain(run, job) then
    queueAgain(run, job, now, { 'recoveries', digits(run.recoveries + 1) })
    hintWork()
  else
    finish(run, job, 'lost')
  end
end

-- Lets go of a run until its steps have ended, if any is open; it keeps its slot.
local function awaitSteps(run)
  if not hasOpenSteps(run.id) then return end
  redis.pcall('HDEL', heldKey(run.owner), run.id)
  redis.call('HSET', runKey(run.id), 'held', '')
  run.held = false
end

-- Frees the slot of a run whose record is gone.
local function freeSlotOf(id, job)
  for slot, holder in pairs(job.slots) do
    if holder == id then
      giveSlot(job, slot)
      break
    end
  end
  unblock(job)
end

-- Goes on with a run if it awaits its steps and none of them is open; gives it then. The node takes it; without one, or if
-- what that holds is of another type, it is queued.
goOn = function(id, node)
  if hasOpenSteps(id) then return nil end
  local run = loadRun(id)
  if not run then
    local job = loadJob(eraseRest(id))
    if job then freeSlotOf(id, job) end
    return nil
  end
  if not isAwaiting(run) then return nil end
  if node and isTyped('hash', 'held:' .. node) then
    run.owner, run.held = node, true
    redis.call('HSET', runKey(id), 'owner', node, 'held', '1')
    hold(node, run)
    return run
  end
  local job = loadJob(run.uid)
  if job and run.slot then giveSlot(job, run.slot) end
  run.slot, run.status, run.availableAt = nil, 'queued', now
  writeState(run, { 'status', 'queued', 'availableAt', digits(now) })
  place(run, job)
  if job then unblock(job) end
  hintWork()
  return run
end

local function askToCancel(run)
  redis.call('HSET', runKey(run.id), 'cancel', '1')
  hint('cancel ' .. run.id)
end
`;
