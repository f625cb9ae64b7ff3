/** Brings jobs to their end, and removes them. */
export const JOB_ENDS: string = String.raw`
-- Removes a job that none of its runs waits for.
local function erase(job)
  redis.call('DEL', jobKey(job.uid), jobTextKey(job.uid), job.queuedKey, job.waitingKey, job.blockedKey)
  if job.id ~= job.uid then redis.call('HDEL', IDS, job.id) end
  redis.call('ZREM', JOBS, job.id)
  if job.state == 'finished' then redis.call('ZREM', FINISHED, job.uid) end
  -- Only a name can come back, and its tokens go on above these.
  if job.named and job.token > orZero(redis.call('HGET', META, 'token')) then
    redis.call('HSET', META, 'token', digits(job.token))
  end
  jobs[job.uid] = false
end

-- Removes a job and cancels its queued runs; gives those. Runs that are running or held go on.
local function drop(job)
  local cancelled = {}
  for _, key in ipairs({ job.waitingKey, job.queuedKey }) do
    for _, id in ipairs(members(key)) do cancelled[#cancelled + 1] = id end
  end
  for _, id in pairs(job.slots) do cancelled[#cancelled + 1] = id end
  local ended = {}
  for _, id in ipairs(cancelled) do
    local run = loadRun(id)
    if run and run.status == 'queued' then
      finish(run, nil, 'cancelled')
      ended[#ended + 1] = id
    end
  end
  for _, line in ipairs(linesOf(job)) do redis.call('DEL', lineKey(job, line)) end
  sleep(job)
  erase(job)
  return ended
end

local function hasQueued(job)
  if redis.call('EXISTS', job.queuedKey, job.waitingKey) == 0 then return false end
  return hasAny(job.queuedKey) or hasAny(job.waitingKey)
end

-- Ends a job that has no next fire time once none of its runs is queued, running or held; gives it as it was, or
-- no more than that if the caller knows it.
local function endIfDone(job, isKnown)
  if not job or job.state ~= 'active' or job.nextRunAt or job.held > 0 or hasQueued(job) then return nil end
  if not isKnown then saveJob(job) end
  local before = isKnown or jobRecord(job.uid)
  if not job.named then
    erase(job)
    return before
  end
  job.state = 'finished'
  redis.call('HSET', jobKey(job.uid), 'state', 'finished', 'finishedAt', digits(now), 'wakeAt', '')
  redis.call('ZADD', FINISHED, digits(now), job.uid)
  return before
end

-- Frees what a run held whose record is gone.
local function forget(id, node)
  local uid = redis.pcall('HGET', heldKey(node), id)
  if type(uid) ~= 'string' then return end
  redis.call('HDEL', heldKey(node), id)
  eraseRest(id)
  local job = loadJob(uid)
  if not job then return end
  freeSlotOf(id, job)
  endIfDone(job)
end
`;
