// Runs jobs in a process of its own, as another process says; see fleet.ts.

import { monotonicMs, type Contender } from './contender.js';
import type { FleetOrder, FleetReport } from './fleet.js';

/** Is how often a process says how much it has run. */
const REPORT_MS = 5;

const { module, who, url } = JSON.parse(process.argv[2] ?? '') as FleetOrder;
const numbers: number[] = [];
const lateMs: number[] = [];

const { loadContender } = (await import(module)) as { loadContender: (name: string) => Promise<Contender> };
const contender = await loadContender(who);
const worker = await contender.join(url, ({ n, at }) => {
  numbers.push(n);
  lateMs.push(monotonicMs() - at);
});

let reported = 0;
const reporting = setInterval(() => {
  if (numbers.length === reported) return;
  reported = numbers.length;
  tell({ kind: 'count', count: reported });
}, REPORT_MS);

// Nobody is left to tell.
process.on('disconnect', () => process.exit(1));
process.on('message', (order: 'go' | 'stop') => {
  void (order === 'go' ? worker.go() : stop());
});
tell({ kind: 'ready' });

async function stop(): Promise<void> {
  clearInterval(reporting);
  await worker.leave();
  tell({ kind: 'log', log: { numbers, lateMs } }, () => process.exit());
}

function tell(report: FleetReport, then: () => void = () => undefined): void {
  process.send?.(report, then);
}
