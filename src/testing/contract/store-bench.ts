import assert from 'node:assert/strict';
import type { JobRecord } from '../../job/job-record.js';
import { isAwaiting } from '../../job/run-record.js';
import type { RunRecord } from '../../job/run-record.js';
import type { IfExists } from '../../job/job-options.js';
import type {
  ClaimRequest,
  ClaimResult,
  CommitResult,
  FinishResult,
  FiringDecision,
  JobPatch,
  JobPut,
  JobStore,
  PutOutcome,
  RunFinish,
} from '../../stores/job-store.js';
import { systemClock } from '../../time/system-clock.js';
import { aDecision, aFiring, aJob, aManualRun, aPut, aRun, aStep, AWAIT, SUCCESS } from './records.js';
import type { JobOverrides } from './records.js';
import type { JobStoreHarness } from './store-harness.js';

/** Is what a decision came to that was not lost. */
export type Committed = Extract<CommitResult, { outcome: 'committed' }>;

/** Is a run that awaits its first step. */
export interface Chain {
  /** Is the run. */
  readonly parent: RunRecord;
  /** Is the step. */
  readonly step: RunRecord;
}

/** Is an open store with the calls that most cases make, each checked for going well. */
export class StoreBench {
  /** Is the store. */
  readonly store: JobStore;
  /** Holds the store and its peers. */
  readonly stores: readonly JobStore[];
  /** Is the store's time when the case began. */
  readonly now: number;
  readonly #harness: JobStoreHarness;

  private constructor(harness: JobStoreHarness, now: number) {
    this.#harness = harness;
    this.store = harness.store;
    this.stores = [harness.store, ...(harness.peers ?? [])];
    this.now = now;
  }

  /** Opens a store, hands it to a test, and takes it down whatever happens. */
  static async use(harness: JobStoreHarness, test: (bench: StoreBench) => Promise<void>): Promise<void> {
    const { store, peers = [], context } = harness;
    try {
      for (const one of [store, ...peers]) await one.open(context);
      await test(new StoreBench(harness, await store.now()));
    } finally {
      for (const one of [...peers, store]) await one.close();
      await harness.dispose();
    }
  }

  /** Opens the store once more. */
  async reopen(): Promise<void> {
    await this.store.open(this.#harness.context);
  }

  /** Lets at least so much time pass for the store. */
  async pass(ms: number): Promise<void> {
    const until = (await this.store.now()) + ms;
    if (this.#harness.clock !== null) await this.#harness.clock.advance(ms);
    while ((await this.store.now()) < until) await wait(1 + until - (await this.store.now()));
  }

  /** Lets time pass for the store and for real: what other instances did is heard of by then. */
  async hear(ms: number): Promise<void> {
    await this.pass(ms);
    if (this.#harness.clock !== null) await wait(ms);
  }

  /** Makes a job that is due. */
  aJob(overrides: JobOverrides = {}): JobRecord {
    return aJob(this.now, overrides);
  }

  /** Adds a job; it is due unless told otherwise. */
  async addJob(overrides: JobOverrides = {}): Promise<JobRecord> {
    const { outcome, job } = await this.put(this.aJob(overrides), 'error');
    assert.equal(outcome, 'inserted');
    return job;
  }

  /** Puts a job. */
  async put(job: JobRecord, ifExists: IfExists, overrides: Partial<JobPut> = {}): Promise<PutOutcome> {
    return only(await this.store.putJobs([aPut(job, ifExists, overrides)]));
  }

  /** Gives a job that must be there. */
  async job(id: string): Promise<JobRecord> {
    return found(await this.store.getJob(id));
  }

  /** Gives a run that must be there. */
  async run(id: string): Promise<RunRecord> {
    return found(await this.store.getRun(id));
  }

  /** Adds a run, without a job unless told otherwise. */
  async addRun(overrides: Partial<RunRecord> = {}): Promise<RunRecord> {
    return this.queue(aRun(this.now, overrides));
  }

  /** Adds a run of a job by hand. */
  async addRunOf(job: JobRecord, overrides: Partial<RunRecord> = {}): Promise<RunRecord> {
    return this.queue(aManualRun(this.now, job, overrides));
  }

  /** Adds a run. */
  async queue(run: RunRecord): Promise<RunRecord> {
    const added = only(await this.store.addRuns([run]));
    assert.equal(added.outcome, 'queued');
    return added.run;
  }

  /** Edits a job that must be there. */
  async patch(id: string, patch: JobPatch): Promise<JobRecord> {
    const job = await this.store.patchJob(id, patch);
    assert.ok(typeof job !== 'string', 'the job to edit is missing');
    return job;
  }

  /** Claims, as node `a`, whatever there is for the default executor, for a minute. */
  async claim(overrides: Partial<ClaimRequest> = {}): Promise<ClaimResult> {
    return this.store.claim({
      node: 'a',
      executor: 'default',
      tasks: new Set(['task']),
      triggerKinds: new Set(['interval']),
      limit: 100,
      claimMs: 60_000,
      ...overrides,
    });
  }

  /** Claims what must be one job, and no run. */
  async claimJob(overrides: Partial<ClaimRequest> = {}): Promise<JobRecord> {
    const { runs, jobs } = await this.claim(overrides);
    assert.deepEqual(runs, []);
    return only(jobs);
  }

  /** Claims what must be one run, and no job. */
  async claimRun(overrides: Partial<ClaimRequest> = {}): Promise<RunRecord> {
    const { runs, jobs } = await this.claim(overrides);
    assert.deepEqual(jobs, []);
    return only(runs);
  }

  /** Checks that there is nothing to claim, neither now nor later. */
  async nothingToClaim(overrides: Partial<ClaimRequest> = {}): Promise<void> {
    const { runs, missed, jobs, ended, nextAt } = await this.claim(overrides);
    assert.deepEqual(
      { runs, missed, jobs, ended, nextAt },
      { runs: [], missed: [], jobs: [], ended: [], nextAt: null },
    );
  }

  /** Commits a decision about a claimed job, by default to run the fire time it has reached. */
  async tryCommit(
    job: JobRecord,
    overrides: Partial<FiringDecision> = {},
    node = 'a',
  ): Promise<CommitResult> {
    return only(await this.store.commitFirings(node, [aDecision(this.now, job, overrides)]));
  }

  /** Commits a decision that must not be lost. */
  async commit(job: JobRecord, overrides: Partial<FiringDecision> = {}, node = 'a'): Promise<Committed> {
    const result = await this.tryCommit(job, overrides, node);
    assert.ok(result.outcome === 'committed', 'the commit was lost');
    return result;
  }

  /** Makes the run of a job at a fire time. */
  aFiring(job: JobRecord, fireAt: number, overrides: Partial<RunRecord> = {}): RunRecord {
    return aFiring(this.now, job, fireAt, overrides);
  }

  /** Adds a job, and claims and commits its first run; gives both as they are then. */
  async fire(
    overrides: JobOverrides = {},
    decision: Partial<FiringDecision> = {},
    node = 'a',
  ): Promise<{ job: JobRecord; run: RunRecord }> {
    const added = await this.addJob(overrides);
    const { executor, task, triggerKind } = added.definition;
    const tasks = new Set([task]);
    const { jobs } = await this.claim({ node, executor, tasks, triggerKinds: new Set([triggerKind]) });
    const claimed = found(jobs.find(({ uid }) => uid === added.uid));
    const { started } = await this.commit(claimed, decision, node);
    return { job: found((await this.store.getJob(added.id)) ?? null), run: only(started) };
  }

  /** Makes a job due again, and claims it: the next plan of a job whose runs are under way. */
  async claimAgain(id: string, fireAt: number, node = 'a'): Promise<JobRecord> {
    await this.patch(id, { nextRunAt: fireAt, dueAt: fireAt });
    const { jobs } = await this.claim({ node });
    return found(jobs.find((job) => job.id === id));
  }

  /** Ends an attempt as its owner, by default with a success that has settled. */
  async tryFinish(
    run: RunRecord,
    overrides: Partial<RunFinish> = {},
    node: string | null = run.owner,
  ): Promise<FinishResult> {
    const finish = { runId: run.id, attempt: run.attempt, settled: true, outcome: SUCCESS, followUps: [] };
    return only(await this.store.finishRuns(node ?? 'a', [{ ...finish, ...overrides }]));
  }

  /** Ends an attempt, which must go well; gives the run after it. */
  async finish(run: RunRecord, overrides: Partial<RunFinish> = {}): Promise<RunRecord> {
    const { outcome, run: after } = await this.tryFinish(run, overrides);
    assert.equal(outcome, 'ok');
    return found(after);
  }

  /** Lets a run await a first step, which is queued. */
  async awaitStep(run: RunRecord, overrides: Partial<RunRecord> = {}): Promise<Chain> {
    const step = aStep(this.now, run, 0, overrides);
    const parent = await this.finish(run, { outcome: AWAIT, followUps: [step] });
    assert.ok(isAwaiting(parent), 'a run with an open step does not await it');
    return { parent, step };
  }

  /** Adds a job whose run, of node `a`, awaits a first step, which is queued. */
  async chain(
    overrides: JobOverrides = {},
    decision: Partial<FiringDecision> = {},
  ): Promise<Chain & { job: JobRecord }> {
    const { job, run } = await this.fire(overrides, decision);
    return { job, ...(await this.awaitStep(run)) };
  }

  /** Adds a run without a job, of node `a`, that awaits a first step, which node `b` runs. */
  async begunChain(overrides: Partial<RunRecord> = {}): Promise<Chain> {
    const { id } = await this.addRun();
    const { runs } = await this.claim();
    const { parent } = await this.awaitStep(found(runs.find((run) => run.id === id)), overrides);
    return { parent, step: await this.claimRun({ node: 'b' }) };
  }
}

/** Gives the one item of a list that must have one. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  assert.equal(items.length, 1);
  return item as T;
}

/** Gives what must be there. */
export function found<T>(item: T | null | undefined): T {
  assert.ok(item !== null && item !== undefined, 'something that should be there is missing');
  return item;
}

/** Gives the ids of records. */
export function idsOf(records: readonly { readonly id: string }[]): string[] {
  return records.map(({ id }) => id);
}

async function wait(ms: number): Promise<void> {
  const letGo = systemClock.holdOpen();
  await new Promise<void>((resolve) => {
    systemClock.setTimer(resolve, ms);
  });
  letGo();
}
