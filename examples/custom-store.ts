// A job store of your own: keeps jobs and runs in one JSON file, for one process.
//
// It imports nothing but the package, and passes the whole contract suite (test/examples/custom-store.test.ts):
// start from it if you write a store. It is made to be read, not to be fast: every call that changes something
// writes the whole file. The rules that it follows are those of the `JobStore` interface and docs/custom-stores.md.
//
//   npx tsx examples/custom-store.ts [file]   schedules a job, restarts, and shows that the job survived

import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  InvalidStateError,
  MAX_PRIORITY,
  MAX_RECOVERIES,
  MIN_PRIORITY,
  RECORD_FORMAT,
  Scheduler,
  StoreInUseError,
  admitRuns,
  countSpan,
  defineTask,
  idleWakeAt,
  interval,
  isAwaiting,
  isEndStatus,
  isOpenStep,
  isUsedUp,
  mergePut,
  returnToWindow,
  spanOfRuns,
  takeFromWindow,
} from 'escapement';
import type {
  AddedRun,
  CancelOutcome,
  ClaimRelease,
  ClaimRequest,
  ClaimResult,
  CommitResult,
  EndStatus,
  FinishResult,
  FiringDecision,
  Heartbeat,
  JobPatch,
  JobPut,
  JobQuery,
  JobRecord,
  JobStore,
  Page,
  Peer,
  PermitRequest,
  PermitWindow,
  Permits,
  ProgressReport,
  PutOutcome,
  RemovedJob,
  ReturnedPermits,
  RunContext,
  RunDisposition,
  RunFinish,
  RunOutcome,
  RunQuery,
  RunRecord,
  StoreContext,
} from 'escapement';

/** Is what the file holds. */
interface Contents {
  readonly jobs: readonly JobRecord[];
  readonly runs: readonly RunRecord[];
  readonly nodes: readonly Peer[];
  /** Holds what was given of each limit lately. */
  readonly permits: readonly (readonly [key: string, window: PermitWindow])[];
  /** Is the highest fencing token that was ever drawn. */
  readonly lastToken: number;
}

const EMPTY: Contents = { jobs: [], runs: [], nodes: [], permits: [], lastToken: 0 };

/** Keeps jobs and runs in a JSON file. One process may use the file at a time; nothing here stops a second one. */
export class JsonFileJobStore implements JobStore {
  readonly capabilities = { durable: true, shared: false };

  readonly #path: string;
  #context: StoreContext | null = null;
  #contents: Contents = EMPTY;
  #text = '';
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  open(context: StoreContext): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#context === context) return;
      if (this.#context !== null) throw new StoreInUseError();
      await mkdir(dirname(this.#path), { recursive: true });
      this.#text = await readIfThere(this.#path);
      this.#contents = this.#text === '' ? EMPTY : (JSON.parse(this.#text) as Contents);
      this.#context = context;
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#context = null;
      return Promise.resolve();
    });
  }

  async now(): Promise<number> {
    return Promise.resolve(this.#now());
  }

  // Jobs

  putJobs(puts: readonly JobPut[]): Promise<PutOutcome[]> {
    return this.#change((ledger) => ledger.putJobs(puts));
  }

  patchJob(id: string, patch: JobPatch, ifFence?: number): Promise<JobRecord | 'missing' | 'conflict'> {
    return this.#change((ledger) => ledger.patchJob(id, patch, ifFence));
  }

  removeJob(id: string): Promise<RemovedJob | null> {
    return this.#change((ledger) => {
      const job = ledger.jobById(id);
      return job === null ? null : { job, cancelled: ledger.removeJob(job) };
    });
  }

  async getJob(id: string): Promise<JobRecord | null> {
    const { jobs } = await this.#read();
    return jobs.find((job) => job.id === id) ?? null;
  }

  async listJobs({ states, task, tag, owner, after, limit }: JobQuery): Promise<Page<JobRecord>> {
    const { jobs } = await this.#read();
    const found = jobs
      .filter((job) => (states === undefined ? job.state !== 'finished' : states.includes(job.state)))
      .filter(({ definition }) => task === undefined || definition.task === task)
      .filter(({ definition }) => tag === undefined || definition.tags.includes(tag))
      .filter((job) => owner === undefined || job.owner === owner)
      .filter(({ id }) => after === undefined || id > after)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return pageOf(found, limit, ({ id }) => id);
  }

  // Firing

  claim(request: ClaimRequest): Promise<ClaimResult> {
    return this.#change((ledger) => ledger.claim(request));
  }

  commitFirings(node: string, decisions: readonly FiringDecision[]): Promise<CommitResult[]> {
    return this.#change((ledger) => decisions.map((decision) => ledger.commit(node, decision)));
  }

  releaseClaims(_node: string, releases: readonly ClaimRelease[]): Promise<void> {
    return this.#change((ledger) => {
      for (const release of releases) ledger.releaseClaim(release);
    });
  }

  // Runs

  addRuns(runs: readonly RunRecord[]): Promise<AddedRun[]> {
    return this.#change((ledger) => runs.map((run) => ledger.addRun(run)));
  }

  finishRuns(node: string, finishes: readonly RunFinish[]): Promise<FinishResult[]> {
    return this.#change((ledger) => finishes.map((finish) => ledger.finish(node, finish)));
  }

  reportProgress(node: string, reports: readonly ProgressReport[]): Promise<void> {
    return this.#change((ledger) => {
      for (const { runId, attempt, progress } of reports) {
        const run = ledger.runs.get(runId);
        if (run?.status !== 'running' || run.owner !== node || run.attempt !== attempt) continue;
        ledger.writeRun({ ...run, progress });
      }
    });
  }

  requestCancel(runId: string): Promise<CancelOutcome> {
    return this.#change((ledger) => ledger.requestCancel(runId));
  }

  async getRun(id: string): Promise<RunRecord | null> {
    const { runs } = await this.#read();
    return runs.find((run) => run.id === id) ?? null;
  }

  async listRuns(query: RunQuery): Promise<Page<RunRecord>> {
    const { jobId, task, statuses, origin, parentRunId, after, limit } = query;
    const { runs } = await this.#read();
    const found = runs
      .filter((run) => jobId === undefined || run.jobId === jobId)
      .filter((run) => task === undefined || run.task === task)
      .filter((run) => statuses === undefined || statuses.includes(run.status))
      .filter((run) => origin === undefined || run.origin === origin)
      .filter((run) => parentRunId === undefined || run.parentRunId === parentRunId)
      .filter((run) => after === undefined || runCursor(run) < after)
      .sort((a, b) => (runCursor(a) > runCursor(b) ? -1 : 1));
    return pageOf(found, limit, runCursor);
  }

  pruneRuns(before: number, limit: number): Promise<number> {
    return this.#change((ledger) => {
      const old = [...ledger.runs.values()]
        .filter((run) => !isOpen(run) && !ledger.isNeeded(run) && endedBefore(run, before))
        .slice(0, limit);
      for (const { id } of old) ledger.runs.delete(id);
      return old.length;
    });
  }

  pruneJobs(before: number, limit: number): Promise<number> {
    return this.#change(({ jobs }) => {
      const finished = [...jobs.values()].filter(({ state }) => state === 'finished');
      const old = finished.filter((job) => endedBefore(job, before)).slice(0, limit);
      for (const { uid } of old) jobs.delete(uid);
      return old.length;
    });
  }

  // Liveness. A node that is on the list when the scheduler starts died with the last process.

  heartbeat(node: string, leaseMs: number): Promise<Heartbeat> {
    return this.#change(({ now, nodes, runs }) => {
      const before = nodes.get(node);
      nodes.set(node, { node, sequence: (before?.sequence ?? 0) + 1, leaseUntil: now + leaseMs });
      return {
        now,
        alive: before !== undefined,
        mine: [...runs.values()].filter((run) => run.held && run.owner === node),
        peers: [...nodes.values()].filter((peer) => peer.node !== node),
      };
    });
  }

  recover(node: string): Promise<RunRecord[]> {
    return this.#change((ledger) => ledger.recover(node));
  }

  leave(node: string, dispositions: readonly RunDisposition[]): Promise<void> {
    return this.#change((ledger) => {
      for (const disposition of dispositions) ledger.giveBack(node, disposition);
      ledger.nodes.delete(node);
    });
  }

  // Permits

  takePermits(request: PermitRequest): Promise<Permits> {
    return this.#change(({ now, permits: windows }) => {
      const { permits, window } = takeFromWindow(windows.get(request.key) ?? [], request, now);
      windows.set(request.key, window);
      return permits;
    });
  }

  returnPermits({ key, count, takenAt }: ReturnedPermits): Promise<void> {
    return this.#change(({ permits }) => {
      permits.set(key, returnToWindow(permits.get(key) ?? [], count, takenAt));
    });
  }

  // The file

  #now(): number {
    if (this.#context === null) throw new InvalidStateError('The store is closed.');
    return this.#context.clock.now();
  }

  /** Waits for the changes under way: calls behave as if one came after another. */
  #read(): Promise<Contents> {
    return this.#inTurn(async () => Promise.resolve(this.#contents));
  }

  /** Works on a copy, which takes the place of the contents once it is in the file: a failed call changed nothing. */
  #change<T>(work: (ledger: Ledger) => T): Promise<T> {
    return this.#inTurn(async () => {
      const ledger = new Ledger(this.#contents, this.#now());
      const answer = work(ledger);
      const contents = ledger.contents();
      const text = JSON.stringify(contents);
      if (text !== this.#text) await replaceFile(this.#path, text);
      this.#text = text;
      this.#contents = contents;
      return answer;
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** Is a copy of the contents at an instant, with the rules by which it changes. Records are replaced, never touched. */
class Ledger {
  readonly now: number;
  readonly jobs: Map<string, JobRecord>;
  readonly runs: Map<string, RunRecord>;
  readonly nodes: Map<string, Peer>;
  readonly permits: Map<string, PermitWindow>;
  #lastToken: number;

  constructor({ jobs, runs, nodes, permits, lastToken }: Contents, now: number) {
    this.now = now;
    // By uid and not by id: a job that was removed and added again is another one.
    this.jobs = new Map(jobs.map((job) => [job.uid, job]));
    this.runs = new Map(runs.map((run) => [run.id, run]));
    this.nodes = new Map(nodes.map((peer) => [peer.node, peer]));
    this.permits = new Map(permits);
    this.#lastToken = lastToken;
  }

  contents(): Contents {
    const [jobs, runs, nodes] = [this.jobs, this.runs, this.nodes].map((map) => [...map.values()]);
    return { jobs, runs, nodes, permits: [...this.permits], lastToken: this.#lastToken } as Contents;
  }

  jobById(id: string): JobRecord | null {
    return [...this.jobs.values()].find((job) => job.id === id) ?? null;
  }

  putJobs(puts: readonly JobPut[]): PutOutcome[] {
    const taken = new Set([...this.jobs.values()].map(({ id }) => id));
    const refused = puts.map(({ job, ifExists }) => {
      const isRefused = ifExists === 'error' && taken.has(job.id);
      taken.add(job.id);
      return isRefused;
    });
    if (!refused.includes(true)) return puts.map((put) => this.#putJob(put));
    return puts.map(({ job }, at) => ({
      outcome: refused[at] === true ? 'exists' : 'unchanged',
      job,
      cancelled: [],
    }));
  }

  #putJob(put: JobPut): PutOutcome {
    const stored = this.jobById(put.job.id);
    const merge = mergePut(stored, put);
    if (merge.put === null) return { outcome: merge.outcome, job: stored ?? put.job, cancelled: [] };
    if (merge.outcome === 'updated') {
      return { outcome: 'updated', job: this.#editJob(merge.put), cancelled: [] };
    }
    const cancelled = stored === null ? [] : this.removeJob(stored);
    // Fencing tokens begin at the store's time and go on from the highest one, so that none comes twice under an id.
    const lastToken = Math.max(merge.put.lastToken, this.#lastToken, this.now);
    const job = this.#writeJob({ ...merge.put, lastToken, wakeAt: idleWakeAt(merge.put) });
    return { outcome: merge.outcome, job, cancelled };
  }

  patchJob(id: string, patch: JobPatch, ifFence: number | undefined): JobRecord | 'missing' | 'conflict' {
    const stored = this.jobById(id);
    if (stored === null) return 'missing';
    if (ifFence !== undefined && stored.fence !== ifFence) return 'conflict';
    const { dropped = null, ...fields } = patch;
    return this.#editJob({
      ...stored,
      ...fields,
      counts: countSpan(stored.counts, 'skipped', dropped),
      version: stored.version + 1,
      fence: stored.fence + 1,
      updatedAt: this.now,
    });
  }

  /** Deletes a job, and gives its queued runs, cancelled; those that are running or held go on. */
  removeJob({ uid }: JobRecord): RunRecord[] {
    this.jobs.delete(uid);
    return this.#runsOf(uid)
      .filter(({ status }) => status === 'queued')
      .map((run) => this.#end(run, 'cancelled'));
  }

  claim(request: ClaimRequest): ClaimResult {
    const runs: RunRecord[] = [];
    const missed: RunRecord[] = [];
    const jobs: JobRecord[] = [];
    const ended: (JobRecord | null)[] = [];
    const hasRoom = (): boolean => runs.length + jobs.length < request.limit;
    for (let priority = MAX_PRIORITY; priority >= MIN_PRIORITY; priority--) {
      for (const run of this.#dueRuns(request, priority)) {
        if (!hasRoom() || this.#freeSlots(run.jobUid) <= 0) continue;
        if (run.attempt > 0 || run.expiresAt === null || run.expiresAt >= this.now) {
          runs.push(this.#start(run, request.node));
        } else {
          const over = this.#end(run, 'missed');
          missed.push(over);
          this.#goOnWithParent(over);
          ended.push(this.#endJobIfDone(run.jobUid));
        }
      }
      for (const job of this.#dueJobs(request, priority)) {
        if (!hasRoom()) continue;
        const claim = { fence: job.fence + 1, wakeAt: this.now + request.claimMs };
        jobs.push(this.#writeJob({ ...job, ...claim }));
      }
    }
    const nextAt = this.#nextAt(request);
    return { now: this.now, runs, missed, jobs, ended: ended.filter((job) => job !== null), nextAt };
  }

  commit(node: string, decision: FiringDecision): CommitResult {
    const job = this.jobs.get(decision.uid);
    if (job?.fence !== decision.fence) return { outcome: 'lost' };
    const keys = new Set([...this.runs.values()].map(({ uniqueKey }) => uniqueKey));
    const fresh = decision.runs.filter(({ uniqueKey }) => {
      const isTaken = uniqueKey !== null && keys.has(uniqueKey);
      keys.add(uniqueKey);
      return !isTaken;
    });
    const before = this.#runsOf(job.uid);
    const waiting = before.filter(isWaiting);
    const admission = admitRuns({
      planned: fresh.length,
      held: before.filter(({ slot }) => slot !== null).length,
      waiting: waiting.length,
      maxInstances: job.definition.maxInstances,
      startable: decision.startable,
      overlap: decision.overlap,
    });
    const running = before.filter(({ status }) => status === 'running');
    const earlier = admission.cancelEarlier ? { waiting, running } : { waiting: [], running: [] };
    const inserted = fresh.slice(0, admission.start + admission.queue);
    const skipped = fresh.slice(inserted.length);
    this.#advance(job, decision, inserted, skipped);
    return {
      outcome: 'committed',
      cancelled: earlier.waiting.map((run) => this.#end(run, 'cancelled')),
      cancelRequested: earlier.running.map((run) => this.writeRun({ ...run, cancelRequested: true })),
      started: inserted.slice(0, admission.start).map((run) => this.#start(run, node)),
      queued: inserted.slice(admission.start).map((run) => this.writeRun(run)),
      skipped,
      // Last of all: a job is not at its end while a run that was inserted above is open.
      ended: this.#endJobIfDone(job.uid),
    };
  }

  releaseClaim({ uid, fence, wakeAt, error }: ClaimRelease): void {
    const job = this.jobs.get(uid);
    if (job?.fence !== fence) return;
    const idle = wakeAt ?? idleWakeAt(job);
    const released =
      error === undefined ? { wakeAt: idle } : { wakeAt: null, state: 'parked' as const, error };
    this.#writeJob({ ...job, ...released, fence: fence + 1 });
  }

  addRun(run: RunRecord): AddedRun {
    const { id, uniqueKey } = run;
    const byKey = (other: RunRecord): boolean => uniqueKey !== null && other.uniqueKey === uniqueKey;
    // The id may be there too: the caller did not get our answer, and asks again.
    const same = this.runs.get(id) ?? [...this.runs.values()].find(byKey);
    if (same !== undefined) return { outcome: 'exists', run: same };
    if (this.#isOrphan(run)) return { outcome: 'missing', run };
    return { outcome: 'queued', run: this.writeRun(run) };
  }

  finish(node: string, finish: RunFinish): FinishResult {
    const { runId, attempt, settled, outcome, followUps, takesParent = false } = finish;
    const run = this.runs.get(runId) ?? null;
    const lost: FinishResult = { outcome: 'lost', run, ended: null, unblocked: false, parent: null };
    if (run === null || run.owner !== node || run.attempt !== attempt) return lost;
    // While a run awaits its steps, its node can say nothing but that once more.
    if (isAwaiting(run)) return outcome?.kind === 'await' ? { ...lost, outcome: 'ok' } : lost;
    const isRunning = run.status === 'running';
    const isRefused = outcome === null ? isRunning : !isRunning && !isRepeated(run, outcome);
    if (isRefused && isRunning) return lost;
    let after = run;
    if (outcome !== null && isRunning) {
      after = this.#recordOutcome(run, outcome);
      for (const followUp of followUps) this.#follow(followUp);
      if (outcome.kind === 'await') return { ...lost, outcome: 'ok', run: this.#awaitSteps(run) };
    }
    const wasFull = this.#freeSlots(run.jobUid) <= 0;
    if (settled && after.held) after = this.#release(after);
    const unblocked = wasFull && this.#freeSlots(run.jobUid) > 0 && this.#hasRunThatWaits(run);
    const parent = isRunning ? this.#goOnWithParent(after, takesParent ? node : null) : null;
    const ended = this.#endJobIfDone(run.jobUid);
    return { outcome: isRefused ? 'lost' : 'ok', run: after, ended, unblocked, parent };
  }

  requestCancel(runId: string): CancelOutcome {
    const run = this.runs.get(runId);
    if (run === undefined) return { outcome: 'missing' };
    if (isEndStatus(run.status)) return { outcome: 'over', run };
    if (run.status === 'running') {
      return { outcome: 'requested', run: this.writeRun({ ...run, cancelRequested: true }) };
    }
    const ended = this.#end(run, 'cancelled');
    this.#goOnWithParent(ended);
    return { outcome: 'cancelled', run: ended, ended: this.#endJobIfDone(run.jobUid) };
  }

  recover(node: string): RunRecord[] {
    this.nodes.delete(node);
    const held = [...this.runs.values()].filter((run) => run.held && run.owner === node);
    return held.map((before) => {
      const free = this.#release(before);
      const run = free.status === 'running' ? this.#recordOutcome(free, { kind: 'died' }) : free;
      this.#goOnWithParent(run);
      this.#endJobIfDone(run.jobUid);
      return run;
    });
  }

  giveBack(node: string, { runId, attempt, action }: RunDisposition): void {
    const before = this.runs.get(runId);
    if (before?.held !== true || before.owner !== node || before.attempt !== attempt) return;
    let run = this.#release(before);
    if (run.status === 'running') {
      const isBack = action === 'hand-back';
      run = isBack ? this.#recordOutcome(run, { kind: 'hand-back' }) : this.#end(run, 'lost');
    }
    this.#goOnWithParent(run);
    this.#endJobIfDone(run.jobUid);
  }

  /** Tells whether others may still build on what a step gave: its parent has not ended. */
  isNeeded({ step, parentRunId }: RunRecord): boolean {
    const parent = step === null ? undefined : this.runs.get(parentRunId ?? '');
    return parent !== undefined && !isEndStatus(parent.status);
  }

  writeRun(run: RunRecord): RunRecord {
    this.runs.set(run.id, run);
    return run;
  }

  #writeJob(job: JobRecord): JobRecord {
    this.jobs.set(job.uid, job);
    return job;
  }

  /** Writes an edit: it voids claims, and may be what the job's end was waiting for. */
  #editJob(job: JobRecord): JobRecord {
    const edited = this.#writeJob({ ...job, wakeAt: idleWakeAt(job) });
    return this.#endJobIfDone(job.uid) ?? edited;
  }

  /** Ends a job that has no fire time left and no run under way; `null`: it goes on. */
  #endJobIfDone(uid: string | null): JobRecord | null {
    const job = this.jobs.get(uid ?? '');
    if (job?.state !== 'active' || job.nextRunAt !== null) return null;
    if (this.#runsOf(job.uid).some(isOpen)) return null;
    const ended: JobRecord = { ...job, state: 'finished', wakeAt: null, finishedAt: this.now };
    if (job.named) this.#writeJob(ended);
    else this.jobs.delete(job.uid);
    return ended;
  }

  #advance(
    job: JobRecord,
    decision: FiringDecision,
    inserted: readonly RunRecord[],
    skipped: readonly RunRecord[],
  ): void {
    const runCount = job.runCount + inserted.length;
    const isOver = isUsedUp(runCount, job.definition.maxRuns);
    const clock = isOver ? { nextRunAt: null, dueAt: null } : decision;
    const span = spanOfRuns(skipped);
    const counts = decision.counted.reduce(
      (sum, { kind, span }) => countSpan(sum, kind, span),
      countSpan(job.counts, 'skipped', span),
    );
    this.#writeJob({
      ...job,
      fence: job.fence + 1,
      nextRunAt: clock.nextRunAt,
      dueAt: clock.dueAt,
      wakeAt: idleWakeAt({ state: job.state, dueAt: clock.dueAt }),
      lastFireAt: latest(job.lastFireAt, inserted.at(-1)?.scheduledAt ?? null),
      runCount,
      counts,
    });
  }

  /** Starts an attempt: the run is owned, and holds a slot until its handler has settled, and while it awaits its steps. */
  #start(run: RunRecord, node: string): RunRecord {
    const job = this.jobs.get(run.jobUid ?? '') ?? null;
    const fencingToken = (job === null ? Math.max(this.#lastToken, this.now) : job.lastToken) + 1;
    this.#lastToken = Math.max(this.#lastToken, fencingToken);
    if (job !== null) this.#writeJob({ ...job, lastToken: fencingToken });
    return this.writeRun({
      ...run,
      status: 'running',
      owner: node,
      held: true,
      slot: job === null ? null : this.#freeSlot(job),
      attempt: run.attempt + 1,
      fencingToken,
      startedAt: this.now,
      progress: null,
    });
  }

  #recordOutcome(run: RunRecord, outcome: RunOutcome): RunRecord {
    switch (outcome.kind) {
      case 'end': {
        const { status, result, error } = outcome;
        return this.#end({ ...run, result, error }, status);
      }
      case 'retry': {
        const { availableAt, error } = outcome;
        if (this.#isOrphan(run)) return this.#end({ ...run, error }, 'failed');
        if (run.cancelRequested) return this.#end({ ...run, error }, 'cancelled');
        return this.#queueAgain(run, { availableAt, error, failures: run.failures + 1 });
      }
      case 'hand-back':
        if (this.#isOrphan(run) || run.cancelRequested) return this.#end(run, 'cancelled');
        return this.#queueAgain(run, { availableAt: this.now });
      case 'died':
        if (run.cancelRequested) return this.#end(run, 'cancelled');
        if (!this.#mayRunAgain(run)) return this.#end(run, 'lost');
        return this.#queueAgain(run, { availableAt: this.now, recoveries: run.recoveries + 1 });
      case 'await':
        // The steps have to be there first: see `#awaitSteps`.
        return run;
    }
  }

  /** Adds a run that follows the end of another; no step is begun of a run that is over, or to be cancelled. */
  #follow(run: RunRecord): void {
    const parent = this.runs.get(run.parentRunId ?? '');
    const mayBegin = parent?.status === 'running' && !parent.cancelRequested;
    if (isOpenStep(run) && !mayBegin) return;
    if (!isEndStatus(run.status)) this.addRun(run);
    else if (!this.runs.has(run.id)) this.writeRun(run);
  }

  /** Takes a run from its node until its steps have ended; it keeps its slot. With no open step it goes on as it is. */
  #awaitSteps(run: RunRecord): RunRecord {
    return this.#hasOpenSteps(run) ? this.writeRun({ ...run, held: false }) : run;
  }

  /** Lets the parent of a run go on whose last open step this was: with a node, or queued. `null`: it does not. */
  #goOnWithParent({ parentRunId, step, status }: RunRecord, node: string | null = null): RunRecord | null {
    const parent = this.runs.get(parentRunId ?? '');
    if (parent === undefined || step === null || !isEndStatus(status)) return null;
    if (!isAwaiting(parent) || this.#hasOpenSteps(parent)) return null;
    if (node !== null) return this.writeRun({ ...parent, owner: node, held: true });
    return this.writeRun({ ...parent, status: 'queued', slot: null, availableAt: this.now });
  }

  #hasOpenSteps({ id }: RunRecord): boolean {
    return [...this.runs.values()].some((run) => run.parentRunId === id && isOpenStep(run));
  }

  #queueAgain(run: RunRecord, changes: Partial<RunRecord>): RunRecord {
    return this.writeRun({ ...run, ...changes, status: 'queued', cancelRequested: false });
  }

  #end(run: RunRecord, status: EndStatus): RunRecord {
    return this.writeRun({ ...run, status, finishedAt: this.now });
  }

  #release(run: RunRecord): RunRecord {
    return this.writeRun({ ...run, held: false, slot: null });
  }

  #runsOf(uid: string): RunRecord[] {
    return [...this.runs.values()].filter(({ jobUid }) => jobUid === uid);
  }

  /** Tells whether a run's job was removed. */
  #isOrphan({ jobUid }: RunRecord): boolean {
    return jobUid !== null && !this.jobs.has(jobUid);
  }

  /** Tells whether a run whose attempt died may have another: its job is there, and it did not die too often. */
  #mayRunAgain(run: RunRecord): boolean {
    const { recovery, recoveries, origin, scheduledAt } = run;
    if (recovery === 'abandon' || recoveries >= MAX_RECOVERIES || this.#isOrphan(run)) return false;
    const lastFireAt = this.jobs.get(run.jobUid ?? '')?.lastFireAt ?? -Infinity;
    const isSuperseded = origin === 'scheduled' && lastFireAt > scheduledAt;
    return recovery === 'resume' || !isSuperseded;
  }

  #freeSlots(uid: string | null): number {
    const job = this.jobs.get(uid ?? '');
    if (job === undefined) return Infinity;
    return job.definition.maxInstances - this.#runsOf(job.uid).filter(({ slot }) => slot !== null).length;
  }

  #freeSlot({ uid }: JobRecord): number {
    const taken = new Set(this.#runsOf(uid).map(({ slot }) => slot));
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
  }

  #hasRunThatWaits({ id, jobUid }: RunRecord): boolean {
    const others = this.#runsOf(jobUid ?? '').filter((run) => run.id !== id);
    return others.some((run) => isClaimable(run) && run.availableAt <= this.now);
  }

  /** Gives the runs that wait and that the asking node knows how to run. */
  #knownRuns({ executor, tasks }: ClaimRequest): RunRecord[] {
    return [...this.runs.values()].filter(
      (run) =>
        isClaimable(run) && run.executor === executor && tasks.has(run.task) && run.format <= RECORD_FORMAT,
    );
  }

  /** Gives the active jobs that the asking node knows how to fire. */
  #knownJobs({ executor, tasks, triggerKinds }: ClaimRequest): JobRecord[] {
    return [...this.jobs.values()].filter(
      ({ state, format, definition }) =>
        state === 'active' &&
        definition.executor === executor &&
        tasks.has(definition.task) &&
        triggerKinds.has(definition.triggerKind) &&
        format <= RECORD_FORMAT,
    );
  }

  #dueRuns(request: ClaimRequest, priority: number): RunRecord[] {
    return this.#knownRuns(request)
      .filter((run) => run.priority === priority && run.availableAt <= this.now)
      .sort((a, b) => a.availableAt - b.availableAt);
  }

  #dueJobs(request: ClaimRequest, priority: number): JobRecord[] {
    return this.#knownJobs(request)
      .filter(
        ({ definition, wakeAt }) => definition.priority === priority && (wakeAt ?? Infinity) <= this.now,
      )
      .sort((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0));
  }

  /** Gives when to claim again. Runs that wait for a slot of their job are left out, or the caller would spin. */
  #nextAt(request: ClaimRequest): number | null {
    const runs = this.#knownRuns(request)
      .filter((run) => run.availableAt > this.now || this.#freeSlots(run.jobUid) > 0)
      .map(({ availableAt }) => availableAt);
    const jobs = this.#knownJobs(request).map(({ wakeAt }) => wakeAt ?? Infinity);
    const least = [...runs, ...jobs].reduce((a, b) => Math.min(a, b), Infinity);
    return least === Infinity ? null : least;
  }
}

function isClaimable({ status, held }: RunRecord): boolean {
  return status === 'queued' && !held;
}

/** Tells whether a run is under way: it has not ended, or its handler has not settled. */
function isOpen({ status, held }: RunRecord): boolean {
  return !isEndStatus(status) || held;
}

/** Tells whether a run is one that `overlap` counts as waiting: planned by the trigger, and not begun. */
function isWaiting({ status, attempt, origin }: RunRecord): boolean {
  return status === 'queued' && attempt === 0 && origin === 'scheduled';
}

/** Tells whether an outcome is the one that was recorded already: the caller did not get our answer. */
function isRepeated(run: RunRecord, outcome: RunOutcome): boolean {
  switch (outcome.kind) {
    case 'end':
      return run.status === outcome.status;
    case 'retry':
      return run.status === 'queued' && run.availableAt === outcome.availableAt;
    case 'hand-back':
      return run.status === 'queued';
    case 'died':
      return run.status === 'queued' || run.status === 'lost';
    case 'await':
      return false;
  }
}

function endedBefore({ finishedAt }: { readonly finishedAt: number | null }, before: number): boolean {
  return finishedAt !== null && finishedAt < before;
}

function latest(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** Orders runs by creation and then by id, as text. */
function runCursor({ createdAt, id }: RunRecord): string {
  return `${String(createdAt).padStart(16, '0')} ${id}`;
}

function pageOf<T>(found: readonly T[], limit: number, cursorOf: (item: T) => string): Page<T> {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return { items, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Writes beside the file and then takes its place: a crash leaves the old contents or the new, never half of them. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { flush: true });
  await rename(`${path}.tmp`, path);
}

/** Schedules a job, restarts, and shows that the job survived. */
async function demonstrate(path: string): Promise<void> {
  const greet = defineTask('greet', ({ data, runId }: RunContext<{ name: string }>) => {
    console.log(`  Hello ${data.name}, says run ${runId}`);
  });
  const makeScheduler = (): Scheduler =>
    new Scheduler({ stores: { default: new JsonFileJobStore(path) }, tasks: [greet] });

  console.log(`Adding a job to ${path}`);
  const first = makeScheduler();
  await first.addJob(greet, interval({ seconds: 1 }), {
    id: 'greeting',
    data: { name: 'world' },
    ifExists: 'update',
  });
  await first.start();
  await afterRuns(first, 2);
  await first.shutdown();

  console.log('Stopped. A second scheduler opens the file and adds nothing:');
  const second = makeScheduler();
  await second.start();
  await afterRuns(second, 2);
  const job = await second.getJob('greeting');
  console.log(`Job "${String(job?.id)}" survived the restart; it has run ${String(job?.runCount)} times.`);
  await second.shutdown();
}

async function afterRuns(scheduler: Scheduler, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    let succeeded = 0;
    scheduler.on('run:succeeded', () => {
      succeeded++;
      if (succeeded === count) resolve();
    });
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? join(await mkdtemp(join(tmpdir(), 'escapement-')), 'jobs.json');
  await demonstrate(file);
}
