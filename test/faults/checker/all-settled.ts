import type { Evidence, Finding } from './evidence.js';

/** Holds that nothing is left open once all is over: no run waits, runs or holds a slot, and no job is parked. */
export function allSettled({ jobs, runs }: Evidence): Finding[] {
  const open = runs.filter(
    ({ status, held, slot }) => status === 'queued' || status === 'running' || held || slot !== null,
  );
  const parked = jobs.filter(({ state }) => state === 'parked');
  return [
    ...open.map(({ id, jobId, status, owner, attempt, held, slot }) => ({
      invariant: 'all settled',
      what: `Run ${id} of ${String(jobId)} is left ${status} (${JSON.stringify({ owner, attempt, held, slot })})`,
      about: [id],
    })),
    ...parked.map(({ id, error }) => ({
      invariant: 'all settled',
      what: `Job ${id} is parked: ${String(error)}`,
      about: [id],
    })),
  ];
}
