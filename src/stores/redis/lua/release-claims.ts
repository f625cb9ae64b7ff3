import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/** Gives claimed jobs back. Arguments: the releases, each with uid, fence, wake time, and the error that parks the job. */
export const RELEASE_CLAIMS: RedisScript = movingScript(
  'release-claims',
  String.raw`
for _ = 1, number() do
  local uid, fence, wakeAt, failure = text(), number(), number(), text()
  local job = loadJob(uid)
  if job and job.fence == fence then
    job.fence = fence + 1
    redis.call('HSET', jobKey(uid), 'fence', digits(job.fence))
    if failure then
      job.state = 'parked'
      redis.call('HSET', jobKey(uid), 'state', 'parked', 'error', failure)
      wakeAt = nil
    elseif not wakeAt and job.state == 'active' then
      wakeAt = job.dueAt
    end
    if wakeAt then
      redis.call('HSET', jobKey(uid), 'wakeAt', digits(wakeAt))
      wake(job, wakeAt)
      hintWork(wakeAt)
    else
      redis.call('HSET', jobKey(uid), 'wakeAt', '')
      sleep(job)
    end
  end
end
return 1
`,
);
