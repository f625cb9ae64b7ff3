import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Ends attempts.
 *
 * Arguments: the node, the finishes: each with run id, attempt, whether the handler has settled, the kind of outcome,
 * status, result, error, when the next attempt may start, whether the node takes the run's parent, whether the caller knows
 * the run as it was started, the fence up to which it knows the job, and the runs that follow.
 *
 * @returns the time, and for each: flags (1: written, 2: the outcome is new, 4: what the run held was freed, 8: its job is
 * gone, 16: a run that waited for the slot may be claimed, 32: somebody had asked to cancel it); the run as it was
 * before, or its progress if the rest is known, but where 2 and 4 are not set as it is now; its job as it was before it
 * came to its end, or its last token if the rest is known; and its parent if that goes on: its id, and the run as it is now
 */
export const FINISH_RUNS: RedisScript = movingScript(
  'finish-runs',
  String.raw`
local function readFinish()
  local finishing = {
    id = text(), attempt = number(), settled = text() == '1', kind = text(), status = text(), result = text(),
    failure = text(), availableAt = number(), takesParent = text() == '1', isKnown = text() == '1',
    knownFence = number(),
  }
  finishing.followUps = readRuns()
  return finishing
end

local function isRepeated(run, finishing)
  local kind = finishing.kind
  if kind == 'end' then return run.status == finishing.status end
  if kind == 'died' and run.status == 'lost' then return true end
  if run.status ~= 'queued' or kind == 'await' then return false end
  -- A run that was recovered or handed back waits too, but not for this.
  return kind ~= 'retry' or (run.availableAt == finishing.availableAt and run.error == finishing.failure)
end

local function isRefused(run, finishing)
  if isAwaiting(run) then return finishing.kind ~= 'await' end
  local isRunning = run.status == 'running'
  if not finishing.kind then return isRunning end
  return not isRunning and not isRepeated(run, finishing)
end

-- Tells whether a run may be inserted beside the end of another: a queued step only if its parent is not over with that.
local function mayFollow(followUp, run, finishing)
  local parent = followUp.parent
  if not parent or isOver(followUp) then return true end
  if parent == run.id then return finishing.kind == 'await' and not run.cancel end
  local found = redis.pcall('HMGET', runKey(parent), 'status', 'cancel')
  return not found.err and found[1] == 'running' and found[2] ~= '1'
end

local function follow(followUp, run, finishing)
  if not mayFollow(followUp, run, finishing) then return end
  if addRun(followUp) == 'queued' and not isOver(followUp) then hintWork(followUp.availableAt) end
end

local function settle(run, job, finishing)
  local isOrphan = run.uid and not job
  local kind = finishing.kind
  if kind == 'end' then
    setError(run, finishing.failure)
    finish(run, job, finishing.status, finishing.result)
  elseif kind == 'hand-back' then
    handBack(run, job)
  elseif kind == 'died' then
    survive(run, job)
  elseif kind == 'await' then
    awaitSteps(run)
  elseif isOrphan or run.cancel then
    setError(run, finishing.failure)
    finish(run, job, isOrphan and 'failed' or 'cancelled')
  else
    setError(run, finishing.failure)
    queueAgain(run, job, finishing.availableAt, { 'failures', digits(run.failures + 1) })
  end
end

-- Ends a job if it is done: gives it as it was, or no more than its last token if the caller knows the rest.
local function endOf(job, knownFence)
  local isKnown = job ~= nil and job.fence == knownFence
  local before = endIfDone(job, isKnown)
  if not before then return '' end
  return isKnown and digits(job.token) or before
end

local function flags(...)
  local sum = 0
  for i, isSo in ipairs({ ... }) do
    if isSo then sum = sum + 2 ^ (i - 1) end
  end
  return sum
end

local function finishAttempt(run, finishing, node)
  local job = loadJob(run.uid)
  local kind = finishing.kind
  local isRefusedNow = isRefused(run, finishing)
  local isNew = not isRefusedNow and kind ~= nil and run.status == 'running' and run.held
  -- What becomes of it can be told from how it was, or is told itself.
  local isTold = isNew and (kind == 'died' or kind == 'await')
  local before = not isTold and (isNew and finishing.isKnown and (run.progress or '') or runRecord(run.id))
  local isOrphan = run.uid ~= nil and job == nil
  -- Whatever was decided of it meanwhile: its handler has settled.
  local isFreed = finishing.settled and run.held and (run.status ~= 'running' or (isNew and kind ~= 'await'))
  local wasCancelled = run.cancel
  if isNew then
    run.taker = finishing.takesParent and node or nil
    for _, followUp in ipairs(finishing.followUps) do follow(followUp, run, finishing) end
  end
  if isFreed then letGo(run, job) end
  if isNew then
    settle(run, job, finishing)
  elseif isFreed then
    writeState(run, {})
    place(run, job)
  end
  local isUnblocked = isFreed and job ~= nil and unblock(job)
  local parent = run.wentOn
  return {
    flags(not isRefusedNow, isNew and not isTold, isFreed and not isTold, isOrphan, isUnblocked, wasCancelled),
    isTold and runRecord(run.id) or before,
    endOf(job, finishing.knownFence),
    parent and { parent.id, runRecord(parent.id) } or '',
  }
end

local node = text()
local results = {}
for i = 1, number() do
  local finishing = readFinish()
  local run = loadRun(finishing.id)
  if not run then
    forget(finishing.id, node)
    results[i] = { 0, {} }
  elseif run.owner ~= node or run.attempt ~= finishing.attempt then
    results[i] = { 0, runRecord(run.id) }
  else
    results[i] = finishAttempt(run, finishing, node)
  end
end
return { now, results }
`,
);
