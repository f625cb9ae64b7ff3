import type { RedisScript } from '../connection/redis-connection.js';

/**
 * Begins the store's epoch, or gives the one that somebody has begun, and the format that its keys are in.
 *
 * Arguments: an epoch that nobody else would choose, the caller's id, the channel, the format of new keys. It cannot be
 * one of the other scripts: those refuse to work without an epoch.
 */
export const BEGIN: RedisScript = {
  name: 'begin',
  isWriting: true,
  lua: String.raw`
local meta = KEYS[1] .. ':meta'
local found = redis.call('TYPE', meta).ok
if found ~= 'none' and found ~= 'hash' then
  return redis.error_reply('ESCAPEMENT_DAMAGED hash ' .. found .. ' ' .. cjson.encode(meta))
end
-- Looked at first: a server whose memory is full refuses a write, needed or not.
if not redis.call('HGET', meta, 'epoch') then
  redis.call('HSET', meta, 'epoch', ARGV[1])
  redis.call('HSETNX', meta, 'format', ARGV[4])
  redis.call('PUBLISH', ARGV[3], ARGV[2] .. '\nepoch ' .. ARGV[1])
end
return redis.call('HMGET', meta, 'epoch', 'format')
`,
};
