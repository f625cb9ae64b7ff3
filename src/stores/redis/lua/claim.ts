import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/**
 * Takes work for a node.
 *
 * Arguments: the node, the executor, the limit, how long a claim lasts, the newest format that the node knows, its
 * tasks, its kinds of trigger.
 *
 * @returns the time, the runs that were started, each with its id, as it was before, its slot and its token, those that
 * were missed, the jobs with their uids as they were before they were claimed, those that came to their end as they were
 * before it, and when to ask again
 */
export const CLAIM: RedisScript = movingScript(
  'claim',
  String.raw`
-- How many expired or blocked runs one claim sets aside: it must not keep the server from others for long.
local ASIDE = 2000

local function set()
  local found = {}
  for _ = 1, number() do found[text()] = true end
  return found
end

local node, executor = text(), text()
local limit, claimMs, format = number(), number(), number()
local tasks, kinds = set(), set()
local due = typed('zset', 'due:' .. executor)
typed('hash', 'held:' .. node)

local function known(queue)
  local kind, itsFormat, triggerKind, task, priority =
    string.match(queue, '^[^\n]*\n(%a+)\n(%d+)\n([^\n]*)\n(.*)\n(-?%d+)$')
  if not kind or tonumber(itsFormat) > format or not tasks[task] then return nil end
  if kind == 'job' and not kinds[triggerKind] then return nil end
  return { queue = queue, kind = kind, rank = -2 * tonumber(priority) + (kind == 'run' and 0 or 1) }
end

local function knownHeads()
  local found = {}
  local heads = redis.call('ZRANGE', due, 0, -1, 'WITHSCORES')
  for i = 1, #heads, 2 do
    local head = known(heads[i])
    -- One of another type keeps what waits in it, and nothing else.
    if head and isQueueSound(head.queue) then
      head.at = tonumber(heads[i + 1])
      found[#found + 1] = head
    end
  end
  return found
end

-- Gives the first of what is due in some queues of equal rank.
local function firstDue(heads, count)
  local found = {}
  for _, head in ipairs(heads) do
    local page = redis.call('ZRANGEBYSCORE', queueKey(head.queue), '-inf', digits(now), 'WITHSCORES', 'LIMIT', 0, count)
    for i = 1, #page, 2 do
      found[#found + 1] = { member = page[i], at = tonumber(page[i + 1]), queue = head.queue }
    end
  end
  if #heads > 1 then
    table.sort(found, function(a, b) return a.at < b.at or (a.at == b.at and a.member < b.member) end)
  end
  for i = #found, count + 1, -1 do found[i] = nil end
  return found
end

local started, missed, claimed, ended = {}, {}, {}, {}
local aside = 0

local function endJob(job)
  local before = endIfDone(job)
  if before then ended[#ended + 1] = before end
end

local function takeRun(work)
  local run = loadRun(work.member)
  if not run or run.status ~= 'queued' or run.queue ~= work.queue then
    sleep(work)
    if not run then endJob(loadJob(eraseRest(work.member))) end
    return
  end
  local job = loadJob(run.uid)
  if run.expiresAt and run.attempt == 0 and run.expiresAt < now then
    finish(run, job, 'missed')
    missed[#missed + 1] = run.id
    endJob(job)
  elseif isBlocked(job) then
    block(job, run)
  else
    local before = runRecord(run.id)
    local slot, token = start(run, job, node)
    started[#started + 1] = { run.id, before, slot, token }
    return
  end
  aside = aside + 1
end

local function takeJob(work)
  local before = jobRecord(work.member)
  if #before == 0 then
    sleep(work)
    redis.call('DEL', jobTextKey(work.member))
    return
  end
  redis.call('HSET', jobKey(work.member), 'fence', orZero(before[2][2]) + 1, 'wakeAt', digits(now + claimMs))
  wake(work, now + claimMs)
  claimed[#claimed + 1] = { work.member, before }
end

local function left()
  return aside < ASIDE and limit - #started - #claimed or 0
end

local heads = {}
for _, head in ipairs(knownHeads()) do
  if head.at <= now then heads[#heads + 1] = head end
end
table.sort(heads, function(a, b) return a.rank < b.rank end)

local first = 1
while first <= #heads and left() > 0 do
  local ranked = {}
  local rank = heads[first].rank
  while heads[first] and heads[first].rank == rank do
    ranked[#ranked + 1] = heads[first]
    first = first + 1
  end
  local take = ranked[1].kind == 'run' and takeRun or takeJob
  while left() > 0 do
    local page = firstDue(ranked, left())
    if #page == 0 then break end
    for _, work in ipairs(page) do take(work) end
  end
end

-- What is due and has no slot is not to be asked for again.
for _, head in ipairs(heads) do
  while head.kind == 'run' and aside < ASIDE do
    local work = firstDue({ head }, 1)[1]
    if not work then break end
    local run = loadRun(work.member)
    local job = run and loadJob(run.uid)
    if run and not isBlocked(job) then break end
    if run then block(job, run) else sleep(work) end
    aside = aside + 1
  end
end

writeHeads()
local nextAt = ''
for _, head in ipairs(knownHeads()) do
  if nextAt == '' or head.at < nextAt then nextAt = head.at end
end
return { now, started, runRecords(missed), claimed, ended, nextAt }
`,
);
