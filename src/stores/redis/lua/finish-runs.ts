import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Ends attempts.
 *
 * Arguments: the node, the finishes: each with run id, attempt, whether the handler has settled, the kind of outcome,
 * status, result, error, when the next attempt may start, whether the caller knows the run as it was started, the fence
 * up to which it knows the job, and the runs that follow.
 *
 * @returns the time, and for each: flags (1: written, 2: the outcome is new, 4: what the run held was freed, 8: its job is
 * gone, 16: a run that waited for the slot may be claimed, 32: somebody had asked to cancel it); the run as it was
 * before, or its progress if the rest is known; and its job as it was before it came to its end, or its last token if the
 * rest is known
 */
export const FINISH_RUNS: RedisScript = movingScript(
  'finish-runs',
  String.raw`
local function readFinish()
  local finishing = {
    id = text(), attempt = number(), settled = text() == '1', kind = text(), status = text(), result = text(),
    failure = text(), availableAt = number(), isKnown = text() == '1', knownFence = number(),
  }
  finishing.followUps = readRuns()
  return finishing
end

local function isRepeated(run, finishing)
  if finishing.kind == 'end' then return run.status == finishing.status end
  if run.status ~= 'queued' then return false end
  -- A run that was recovered or handed back waits too, but not for this.
  return finishing.kind == 'hand-back' or
    (run.availableAt == finishing.availableAt and run.error == finishing.failure)
end

local function isRefused(run, finishing)
  local isRunning = run.status == 'running'
  if not finishing.kind then return isRunning end
  return not isRunning and not isRepeated(run, finishing)
end

local function settle(run, job, finishing)
  local isOrphan = run.uid and not job
  if finishing.kind == 'end' then
    setError(run, finishing.failure)
    finish(run, job, finishing.status, finishing.result)
  elseif finishing.kind == 'hand-back' then
    handBack(run, job)
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

local function finishAttempt(run, finishing)
  local job = loadJob(run.uid)
  local isRefusedNow = isRefused(run, finishing)
  local isNew = not isRefusedNow and finishing.kind ~= nil and run.status == 'running'
  local before = (isNew and finishing.isKnown) and (run.progress or '') or runRecord(run.id)
  local isOrphan = run.uid ~= nil and job == nil
  -- Whatever was decided of it meanwhile: its handler has settled.
  local isFreed = finishing.settled and run.held and (isNew or run.status ~= 'running')
  local wasCancelled = run.cancel
  if isNew then
    for _, followUp in ipairs(finishing.followUps) do
      if addRun(followUp) == 'queued' then hintWork(followUp.availableAt) end
    end
  end
  if isFreed then letGo(run, job) end
  if isNew then
    settle(run, job, finishing)
  elseif isFreed then
    writeState(run, {})
    place(run, job)
  end
  local isUnblocked = isFreed and job ~= nil and unblock(job)
  return { flags(not isRefusedNow, isNew, isFreed, isOrphan, isUnblocked, wasCancelled), before,
    endOf(job, finishing.knownFence) }
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
    results[i] = finishAttempt(run, finishing)
  end
end
return { now, results }
`,
);
