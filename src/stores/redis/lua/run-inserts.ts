/** Reads new runs from a script's arguments, and inserts them. */
export const RUN_INSERTS: string = String.raw`
-- Reads a run: a JSON array of texts, which costs less than as many arguments, and the text of its record.
local function readRun()
  local given = cjson.decode(text())
  local run = {
    id = given[1], member = given[1], uid = some(given[2]), jobId = some(given[3]), unique = some(given[4]),
    place = given[5], queue = given[6], scheduledAt = orZero(given[7]), availableAt = orZero(given[8]),
    expiresAt = some(given[9]), attempt = orZero(given[10]), more = given[11], planned = given[12] == '1', text = text(),
    status = 'queued', held = false,
  }
  -- Only of runs that follow or belong to another one, or come as ended.
  if given[13] then
    run.follows = some(given[13])
    run.parent = given[14] == '1' and run.follows or nil
    run.status, run.finishedAt = given[15], orNil(given[16])
  end
  return run
end

local function readRuns()
  local found = {}
  for i = 1, number() do found[i] = readRun() end
  return found
end

-- Gives the id of the run that has a key; one whose record is gone has it no more.
local function holderOf(unique)
  local id = unique and redis.call('HGET', UNIQUE, unique)
  if id and isRun(id) then return id end
  return nil
end

-- Tells whether a run is to be on the list of its job: a job without a name has one only if it has other runs. Steps are of
-- no job, and on the list of their parent's.
local function isListed(run, job, nextRunAt)
  if not run.jobId then return false end
  if not job then return hasHistory(run.jobId) end
  return job.named or nextRunAt ~= nil or redis.call('EXISTS', historyKey(run.jobId)) == 1
end

-- Inserts a run with what the hash of one that is queued has, and more.
local function insert(run, status, more, isOnList)
  local fields = { 'status', status, 'queue', run.queue, 'availableAt', digits(run.availableAt) }
  for i = 1, #more do fields[#fields + 1] = more[i] end
  if run.uid then
    fields[#fields + 1] = 'job'
    fields[#fields + 1] = run.uid
  end
  if run.planned then
    fields[#fields + 1] = 'planned'
    fields[#fields + 1] = '1'
  end
  if run.expiresAt then
    fields[#fields + 1] = 'expiresAt'
    fields[#fields + 1] = run.expiresAt
  end
  if run.parent then
    fields[#fields + 1] = 'parent'
    fields[#fields + 1] = run.parent
  end
  redis.call('HSET', runKey(run.id), unpack(fields))
  redis.call('SET', runTextKey(run.id), run.text)
  redis.call('ZADD', RUNS, 0, run.place)
  if isOnList then redis.pcall('ZADD', historyKey(run.jobId), 0, run.place) end
  if run.unique then redis.call('HSET', UNIQUE, run.unique, run.id) end
  if run.follows then addChild(run) end
end

-- Refuses a batch that could be inserted in part only.
local function checkRuns(runs)
  for _, run in ipairs(runs) do
    typed('hash', 'run:' .. run.id)
    local job = loadJob(run.uid)
    if not canWait(run, job) then refuse() end
  end
end

-- Adds a run, unless there is one with its key or id, or its job is gone; gives what was done, and with whom.
local function addRun(run)
  local existing = holderOf(run.unique)
  if not existing and isRun(run.id) then existing = run.id end
  if existing then return 'exists', existing end
  local job = loadJob(run.uid)
  if run.uid and not job and not isOver(run) then return 'missing' end
  insert(run, run.status, run.more, isListed(run, job, job and job.nextRunAt))
  place(run, job)
  return 'queued'
end
`;
