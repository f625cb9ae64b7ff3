import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

const HELD_RUNS = String.raw`
-- Gives the runs that a node holds by their ids; of those whose record is gone, what they held is freed.
local function heldRuns(node)
  local found = {}
  local ids = redis.call('HKEYS', typed('hash', 'held:' .. node))
  table.sort(ids)
  for _, id in ipairs(ids) do
    local run = loadRun(id)
    if not run then
      forget(id, node)
    elseif run.held and run.owner == node then
      found[#found + 1] = run
    else
      redis.call('HDEL', heldKey(node), id)
    end
  end
  return found
end

local function leaveList(node)
  redis.call('HDEL', NODES, node)
  if redis.call('EXISTS', heldKey(node)) == 0 then redis.call('SREM', HOLDERS, node) end
end
`;

/**
 * Says that a node lives. Arguments: the node, its lease.
 *
 * @returns the time, whether it was on the list, the runs that it holds, and the others: each with node, sequence and end
 * of lease
 */
export const HEARTBEAT: RedisScript = movingScript(
  'heartbeat',
  String.raw`${HELD_RUNS}
local node, leaseMs = text(), number()
typed('hash', 'held:' .. node)
local before = redis.call('HGET', NODES, node)
local sequence = before and orZero(string.match(before, '^(%d+)')) or 0
redis.call('HSET', NODES, node, digits(sequence + 1) .. ' ' .. digits(now + leaseMs))
local mine = {}
for i, run in ipairs(heldRuns(node)) do mine[i] = runRecord(run.id) end
local peers, listed = {}, {}
local nodes = redis.call('HGETALL', NODES)
for i = 1, #nodes, 2 do
  listed[nodes[i]] = true
  if nodes[i] ~= node then
    local itsSequence, leaseUntil = string.match(nodes[i + 1], '^(%d+) (%d+)$')
    peers[#peers + 1] = { nodes[i], itsSequence or '0', leaseUntil or digits(now) }
  end
end
for _, holder in ipairs(redis.call('SMEMBERS', HOLDERS)) do
  if redis.call('EXISTS', heldKey(holder)) == 0 then
    redis.call('SREM', HOLDERS, holder)
  elseif not listed[holder] then
    peers[#peers + 1] = { holder, '0', digits(now) }
  end
end
return { now, before and 1 or 0, mine, peers }
`,
);

/** Takes the runs of a dead node from it, and gives them as they are now. Arguments: the node. */
export const RECOVER: RedisScript = movingScript(
  'recover',
  String.raw`${HELD_RUNS}
local node = text()
typed('hash', 'held:' .. node)
leaveList(node)
local recovered = {}
for i, run in ipairs(heldRuns(node)) do
  local job = loadJob(run.uid)
  letGo(run, job)
  if run.status ~= 'running' then
    writeState(run, {})
    place(run, job)
  else
    survive(run, job)
  end
  if job then unblock(job) end
  endIfDone(job)
  recovered[i] = runRecord(run.id)
end
return recovered
`,
);

/** Takes a node off the list. Arguments: the node, the dispositions: each with run id, attempt and action. */
export const LEAVE: RedisScript = movingScript(
  'leave',
  String.raw`${HELD_RUNS}
local node = text()
typed('hash', 'held:' .. node)
leaveList(node)
for _ = 1, number() do
  local id, attempt, action = text(), number(), text()
  local run = loadRun(id)
  if run and run.held and run.owner == node and run.attempt == attempt then
    local job = loadJob(run.uid)
    letGo(run, job)
    if run.status ~= 'running' then
      writeState(run, {})
      place(run, job)
    elseif action == 'lose' then
      finish(run, job, 'lost')
    else
      handBack(run, job)
      hintWork()
    end
    if job then unblock(job) end
    endIfDone(job)
  end
end
return 1
`,
);
