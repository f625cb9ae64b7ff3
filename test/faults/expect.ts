import type { RunRecord } from 'escapement';

/** Holds that something is so. */
export function expectThat(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`Expected ${what}`);
}

/** Holds that a job has exactly one run, with this outcome and so many attempts, and gives it. */
export function expectOneRun(
  runs: readonly RunRecord[],
  jobId: string,
  status: RunRecord['status'],
  attempt: number,
): RunRecord {
  const ofJob = runs.filter((run) => run.jobId === jobId);
  const [run] = ofJob;
  const seen = ofJob.map((one) => `${one.status} at attempt ${one.attempt}`).join(', ');
  expectThat(
    run !== undefined && ofJob.length === 1 && run.status === status && run.attempt === attempt,
    `one run of ${jobId}, ${status} at attempt ${attempt}; there is: ${seen}`,
  );
  return run;
}
