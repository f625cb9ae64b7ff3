import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/** Notes how far runs are. Arguments: the node, the reports: each with run id, attempt and progress. */
export const REPORT_PROGRESS: RedisScript = movingScript(
  'report-progress',
  String.raw`
local node = text()
for _ = 1, number() do
  local id, attempt, progress = text(), number(), text()
  local run = loadRun(id)
  if run and run.status == 'running' and run.owner == node and run.attempt == attempt then
    redis.call('HSET', runKey(id), 'progress', progress)
    hint('progress ' .. id)
  end
end
return 1
`,
);
