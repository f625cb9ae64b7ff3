// One node of a scenario: a process of its own with a scheduler, which does what its parent asks and writes a history.

import { setTimeout as sleep } from 'node:timers/promises';
import { Scheduler, SchedulerError } from 'escapement';
import { HistoryWriter } from '../history/history-writer.js';
import { recordEvents } from '../history/recorded-events.js';
import { recording } from '../history/recording-store.js';
import { historyLogger } from './history-logger.js';
import { executorsOf } from './executors.js';
import type { NodeAnswer, NodeConfig, NodeRequest } from './node-config.js';
import { storeAt } from './open-store.js';
import { historicTasks } from './tasks.js';
import { trapping } from './trapping-store.js';

const config = JSON.parse(process.argv[2] ?? '') as NodeConfig;
const history = new HistoryWriter(config.folder, config.name);
const store = recording(trapping(storeAt(config.place), config.traps), history);
const scheduler = new Scheduler({
  ...config.options,
  stores: { default: store },
  executors: await executorsOf(config),
  tasks: historicTasks(history, config.tasks === undefined ? undefined : [...config.tasks]),
  logger: historyLogger(history),
});
recordEvents(scheduler, history);

process.on('message', (request: NodeRequest) => void answer(request));
// The runner is gone, and whatever goes on here is nobody's.
process.on('disconnect', () => process.exit(1));

if (config.isStarted) await startWhenItCan();
tell({ kind: 'ready' });

async function answer({ id, method, args, times }: NodeRequest): Promise<void> {
  try {
    const value = await call(method, args, times);
    tell({ kind: 'done', id, value: value === undefined ? null : plain(value) });
    if (method === 'shutdown') process.disconnect();
  } catch (error) {
    const code = error instanceof SchedulerError ? error.code : 'UNEXPECTED';
    tell({ kind: 'failed', id, code, message: String(error) });
  }
}

async function call(method: string, args: readonly unknown[], times: number): Promise<unknown> {
  const member: unknown = Reflect.get(scheduler, method);
  if (typeof member !== 'function') throw new Error(`A scheduler has no method ${method}`);
  let value: unknown;
  for (let left = times; left > 0; left--) value = (await Reflect.apply(member, scheduler, args)) as unknown;
  return value;
}

/** Tries as an app under a supervisor does whose store may come up later than it. */
async function startWhenItCan(): Promise<void> {
  for (;;) {
    try {
      await scheduler.start();
      return;
    } catch (error) {
      history.write({ kind: 'log', level: 'info', message: `start() failed: ${String(error)}` });
      await sleep(250);
    }
  }
}

/** Jobs, runs and handles are more than JSON can carry; what it can is enough for a scenario. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

function tell(answer: NodeAnswer): void {
  process.send?.(answer);
}
