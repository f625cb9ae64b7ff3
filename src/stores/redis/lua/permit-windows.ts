import { PERMIT_PARTS } from '../../permit-window.js';

/**
 * Keeps the permits that still count, by key: as JSON text, when the last of them ceases to, and each grant with when its first
 * permit was given, when its last was, and how many (see `PermitWindow`).
 */
export const PERMIT_WINDOWS: string = String.raw`
local PARTS = ${String(PERMIT_PARTS)}

-- Gives the grants of a key, and when the last of them ceases to count.
local function readGrants(key)
  local ok, found = pcall(cjson.decode, redis.call('HGET', root .. 'permits', key) or '[]')
  if not ok or type(found) ~= 'table' then return {} end
  local grants = {}
  for i = 2, #found do
    local grant = found[i]
    if type(grant) == 'table' then grants[#grants + 1] = { orZero(grant[1]), orZero(grant[2]), orZero(grant[3]) } end
  end
  return grants, orZero(found[1])
end

local function writeGrants(key, grants, countsUntil)
  if #grants == 0 then
    redis.call('HDEL', root .. 'permits', key)
    return
  end
  local parts = { string.format('%d', countsUntil) }
  for i, grant in ipairs(grants) do parts[i + 1] = string.format('[%d,%d,%d]', grant[1], grant[2], grant[3]) end
  redis.call('HSET', root .. 'permits', key, '[' .. table.concat(parts, ',') .. ']')
end

-- Looks at some keys, and removes those of which nothing counts any more.
local function sweepPermits(count)
  local found = redis.call('HRANDFIELD', root .. 'permits', count, 'WITHVALUES')
  for i = 1, #found, 2 do
    if orZero(string.match(found[i + 1], '^%[(%d+)')) <= now then redis.call('HDEL', root .. 'permits', found[i]) end
  end
end
`;
