/**
 * Keeps what comes due: a sorted set of wake times for each queue, and for each executor one of the heads of its queues.
 *
 * The name of a queue says what a node must know to do the work in it, in lines: executor, kind of record, format, kind of
 * trigger, task and priority.
 */
export const DUE_QUEUES: string = String.raw`
local touched = {}

local function executorOf(queue)
  return string.match(queue, '^[^\n]*')
end

local function queueKey(queue)
  local key = touched[queue]
  if not key then
    typed('zset', 'due:' .. executorOf(queue))
    key = typed('zset', 'queue:' .. queue)
    touched[queue] = key
  end
  return key
end

local function isQueueSound(queue)
  return isTyped('zset', 'due:' .. executorOf(queue)) and isTyped('zset', 'queue:' .. queue)
end

local function wake(work, at)
  if isQueueSound(work.queue) then redis.call('ZADD', queueKey(work.queue), digits(at), work.member) end
end

local function sleep(work)
  if isQueueSound(work.queue) then redis.call('ZREM', queueKey(work.queue), work.member) end
end

local function writeHeads()
  for queue, key in pairs(touched) do
    local due = root .. 'due:' .. executorOf(queue)
    local head = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if head[1] then
      redis.call('ZADD', due, head[2], queue)
    else
      redis.call('ZREM', due, queue)
    end
  end
end
`;
