/**
 * Is what every script begins with: its arguments, the store's clock, the names and types of keys, and what it tells
 * others at its end.
 *
 * A script is called with one key, the prefix in braces, which puts all keys in one slot of a cluster; with the epoch
 * that its caller knows; with the caller's id and the channel; and with arguments of its own. An empty text stands for
 * `null`.
 *
 * Nothing that a script reads can make it fail half-way: numbers that are none count as 0, a hash that is missing or of
 * another type is treated as gone, and the types of shared keys are checked before they are written.
 */
export const KEYSPACE: string = String.raw`
local root = KEYS[1] .. ':'
local knownEpoch, sender, channel = ARGV[1], ARGV[2], ARGV[3]
local position = 3

local function text()
  position = position + 1
  return ARGV[position] ~= '' and ARGV[position] or nil
end

local function number()
  return tonumber(text() or nil)
end

local function texts()
  local found = {}
  for i = 1, number() do found[i] = text() end
  return found
end

local function some(value)
  if value == '' then return nil end
  return value or nil
end

local written, writtenDigits
local function digits(value)
  if value ~= written then written, writtenDigits = value, string.format('%d', value) end
  return writtenDigits
end

local function orZero(value)
  return tonumber(value or nil) or 0
end

local function orNil(value)
  return tonumber(value or nil)
end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local checked, damaged = {}, {}

-- Tells whether a key is of a type, or not there yet; what it is instead is to be told.
local function isTyped(kind, name)
  local isIt = checked[name]
  if isIt == nil then
    local found = redis.call('TYPE', root .. name).ok
    isIt = found == 'none' or found == kind
    checked[name] = isIt
    -- As JSON: names have line breaks, which an error cannot carry.
    if not isIt then damaged[name] = kind .. ' ' .. found .. ' ' .. cjson.encode(root .. name) end
  end
  return isIt
end

-- Ends the script with one of the keys that were found to be of another type.
local function refuse()
  local _, damage = next(damaged)
  error('ESCAPEMENT_DAMAGED ' .. damage)
end

local function typed(kind, name)
  if not isTyped(kind, name) then error('ESCAPEMENT_DAMAGED ' .. damaged[name]) end
  return root .. name
end

-- Gives what was found to be of another type than it should be.
local function damages()
  local found = {}
  for _, damage in pairs(damaged) do found[#found + 1] = damage end
  return found
end

local META = typed('hash', 'meta')
if redis.call('HGET', META, 'epoch') ~= knownEpoch then
  return redis.error_reply('ESCAPEMENT_RESET The store was emptied.')
end
local IDS = typed('hash', 'ids')
local JOBS = typed('zset', 'jobs')
local FINISHED = typed('zset', 'finished')
local RUNS = typed('zset', 'runs')
local ENDED = typed('zset', 'ended')
local UNIQUE = typed('hash', 'unique')
local NODES = typed('hash', 'nodes')
local HOLDERS = typed('set', 'holders')

local function jobKey(uid) return root .. 'job:' .. uid end
local function jobTextKey(uid) return root .. 'job-record:' .. uid end
local function runKey(id) return root .. 'run:' .. id end
local function runTextKey(id) return root .. 'run-record:' .. id end
local function heldKey(node) return root .. 'held:' .. node end
local function historyKey(jobId) return root .. 'history:' .. jobId end

-- Tells whether the runs of a job have a list of their own: those of one without a name may have none.
local function hasHistory(jobId)
  return redis.call('EXISTS', historyKey(jobId)) == 1 or redis.call('HEXISTS', IDS, jobId) == 1
end

-- What a node has to know of a job or run besides the text of its record, in the order in which it reads it.
local JOB_STATE = { 'state', 'fence', 'nextRunAt', 'dueAt', 'wakeAt', 'lastFireAt', 'runCount', 'counts', 'token',
  'error', 'finishedAt' }
local RUN_STATE = { 'status', 'availableAt', 'attempt', 'failures', 'recoveries', 'owner', 'held', 'slot', 'token',
  'startedAt', 'finishedAt', 'result', 'error', 'progress', 'cancel' }

local function record(key, textKey, names)
  local state = redis.pcall('HMGET', key, unpack(names))
  if state.err or not state[1] then return {} end
  local itsText = redis.pcall('GET', textKey)
  return { type(itsText) == 'string' and itsText or '', state }
end

local function jobRecord(uid) return record(jobKey(uid), jobTextKey(uid), JOB_STATE) end
local function runRecord(id) return record(runKey(id), runTextKey(id), RUN_STATE) end

local function runRecords(ids)
  local found = {}
  for i = 1, #ids do found[i] = runRecord(ids[i]) end
  return found
end

-- The id of a job without a name is its uid.
local function uidOf(id)
  return redis.call('HGET', IDS, id) or id
end

-- Gives what decides whether a put or an edit rests on what is stored still: uid, fence and state of the job of an id.
local function markOf(id)
  local uid = uidOf(id)
  local found = redis.pcall('HMGET', jobKey(uid), 'id', 'queue', 'fence', 'state')
  if found.err or found[1] ~= id or not found[2] then return nil end
  return uid, uid .. ' ' .. (found[3] or '') .. ' ' .. (found[4] or '')
end

local hints = {}
local function hint(line)
  hints[#hints + 1] = line
end

local function hintWork(at)
  hint('work ' .. ((at and at > now) and digits(at) or ''))
end

local function publish()
  if #hints > 0 then redis.call('PUBLISH', channel, sender .. '\n' .. table.concat(hints, '\n')) end
end
`;
