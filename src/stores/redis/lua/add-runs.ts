import type { RedisScript } from '../connection/redis-connection.js';
import { movingScript } from './script.js';

/** Inserts queued runs. Arguments: the runs. Gives for each what was done, and the run that was there. */
export const ADD_RUNS: RedisScript = movingScript(
  'add-runs',
  String.raw`
local runs = readRuns()
checkRuns(runs)
local results = {}
local firstAt = nil
for i, run in ipairs(runs) do
  local outcome, existing = addRun(run)
  results[i] = { outcome, existing and runRecord(existing) or {} }
  if outcome == 'queued' and (not firstAt or run.availableAt < firstAt) then firstAt = run.availableAt end
end
if firstAt then hintWork(firstAt) end
return results
`,
);
