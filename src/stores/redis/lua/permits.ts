import type { RedisScript } from '../connection/redis-connection.js';
import { PERMIT_WINDOWS } from './permit-windows.js';
import { movingScript } from './script.js';

/**
 * Takes permits, by the rule of `takeFromWindow`. Arguments: the key, how many are wanted, how many are given at most in a
 * span, the span in milliseconds. Gives the time, how many were given, and when to ask again.
 */
export const TAKE_PERMITS: RedisScript = movingScript(
  'take-permits',
  String.raw`${PERMIT_WINDOWS}
local key, wanted, max, perMs = text(), number(), number(), number()
typed('hash', 'permits')
local grants = readGrants(key)
local newest = grants[#grants]
local at = math.max(now, newest and newest[2] or now)
local counting, used = {}, 0
for _, grant in ipairs(grants) do
  if grant[2] + perMs > at then
    counting[#counting + 1] = grant
    used = used + grant[3]
  end
end
local granted = math.max(0, math.min(wanted, max - used))
if granted > 0 then
  local last = counting[#counting]
  if last and at - last[1] < perMs / PARTS then
    last[2], last[3] = at, last[3] + granted
  else
    counting[#counting + 1] = { at, at, granted }
  end
end
local nextAt = granted < wanted and (counting[1] and counting[1][2] or at) + perMs or ''
local latest = counting[#counting]
writeGrants(key, counting, latest and latest[2] + perMs)
sweepPermits(2)
return { at, granted, nextAt }
`,
);

/** Puts permits back, by the rule of `returnToWindow`. Arguments: the key, how many, when they were given. */
export const RETURN_PERMITS: RedisScript = movingScript(
  'return-permits',
  String.raw`${PERMIT_WINDOWS}
local key, count, takenAt = text(), number(), number()
typed('hash', 'permits')
local left = {}
local grants, countsUntil = readGrants(key)
for _, grant in ipairs(grants) do
  if grant[1] <= takenAt and takenAt <= grant[2] then grant[3] = math.max(0, grant[3] - count) end
  if grant[3] > 0 then left[#left + 1] = grant end
end
writeGrants(key, left, countsUntil)
return 1
`,
);
