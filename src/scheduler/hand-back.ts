import type { RunRecord } from '../job/run-record.js';
import type { RunFinish } from '../stores/job-store.js';
import type { StoreLink } from './store-link.js';

/** Gives back runs that a store holds as a node's and that nobody executes; those that are another's by now stay its. */
export async function handBack(link: StoreLink, node: string, runs: readonly RunRecord[]): Promise<void> {
  if (runs.length === 0) return;
  const finishes = runs.map(
    ({ id: runId, attempt, status }): RunFinish => ({
      runId,
      attempt,
      settled: true,
      outcome: status === 'running' ? { kind: 'hand-back' } : null,
      followUps: [],
    }),
  );
  await link.call((store) => store.finishRuns(node, finishes));
}
