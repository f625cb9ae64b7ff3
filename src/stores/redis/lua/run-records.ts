/** Reads runs. */
export const RUN_RECORDS: string = String.raw`
local function loadRun(id)
  local found = redis.pcall('HMGET', runKey(id), 'status', 'queue', 'job', 'availableAt', 'expiresAt', 'attempt',
    'failures', 'recoveries', 'owner', 'held', 'slot', 'token', 'cancel', 'error', 'finishedAt',
    'progress', 'planned', 'parent', 'keeps')
  if found.err or not (found[1] and found[2]) then return nil end
  return {
    id = id, member = id, status = found[1], queue = found[2], uid = found[3] or nil, availableAt = orZero(found[4]),
    expiresAt = orNil(found[5]), attempt = orZero(found[6]), failures = orZero(found[7]),
    recoveries = orZero(found[8]), owner = found[9] or nil, held = found[10] == '1', slot = some(found[11]),
    token = orZero(found[12]), cancel = found[13] == '1', error = found[14] or nil, finishedAt = orNil(found[15]),
    progress = found[16] or nil, planned = found[17] == '1', parent = found[18] or nil, keeps = found[19] == '1',
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

-- Tells whether a run awaits its steps: it runs, and is no node's.
local function isAwaiting(run)
  return run.status == 'running' and not run.held
end

-- Tells whether a run is one that overlap counts as waiting.
local function isWaiting(run)
  return run.status == 'queued' and run.attempt == 0 and run.planned
end

-- Tells whether there is a run; what is of another type is none.
local function isRun(id)
  return type(redis.pcall('HGET', runKey(id), 'status')) == 'string'
end

-- Tells whether a set has a run that is there, and removes from it those that are not.
local function hasAny(key)
  while true do
    local id = redis.pcall('SRANDMEMBER', key)
    if not id or id.err then return false end
    if isRun(id) then return true end
    redis.call('SREM', key, id)
  end
end
`;
