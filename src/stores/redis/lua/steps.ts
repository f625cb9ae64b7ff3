/**
 * Keeps which runs follow or belong to another one, and which of its steps are open.
 *
 * A step that is over is kept out of the ended until its parent is over too, and held no more: nothing prunes it before.
 */
export const STEPS: string = String.raw`
local keeping = {}

local function addChild(run)
  if run.follows and isTyped('zset', 'children:' .. run.follows) then
    redis.call('ZADD', root .. 'children:' .. run.follows, 0, run.place)
  end
  if run.parent and not isOver(run) and isTyped('set', 'steps:' .. run.parent) then
    redis.call('SADD', root .. 'steps:' .. run.parent, run.id)
  end
end

local function closeStep(id, parent)
  if isTyped('set', 'steps:' .. parent) then redis.call('SREM', root .. 'steps:' .. parent, id) end
end

local function stepsOf(id)
  local found = {}
  if not isTyped('zset', 'children:' .. id) then return found end
  for _, place in ipairs(redis.call('ZRANGE', root .. 'children:' .. id, 0, -1)) do
    local step = loadRun(string.sub(place, 18))
    if step and step.parent == id then found[#found + 1] = step end
  end
  return found
end

local function hasOpenSteps(id)
  if isTyped('set', 'steps:' .. id) then return hasAny(root .. 'steps:' .. id) end
  -- Of another type, it costs a look at all steps, and nothing else.
  for _, step in ipairs(stepsOf(id)) do
    if not isOver(step) then return true end
  end
  return false
end

-- Tells whether a run that is over is a step to keep out of the ended.
local function isKept(run)
  if not run.parent or not isTyped('zset', 'children:' .. run.parent) then return false end
  local found = redis.pcall('HMGET', runKey(run.parent), 'status', 'held', 'keeps')
  if found.err or not found[1] then return false end
  if isOver({ status = found[1] }) and found[2] ~= '1' then return false end
  if found[3] ~= '1' then redis.call('HSET', runKey(run.parent), 'keeps', '1') end
  keeping[run.parent] = true
  return true
end

-- Puts the steps among the ended that were kept out of them for a run.
local function endKept(id)
  for _, step in ipairs(stepsOf(id)) do
    if isOver(step) and not step.held then redis.call('ZADD', ENDED, digits(step.finishedAt or now), step.id) end
  end
end
`;
