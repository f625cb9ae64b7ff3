import fc from 'fast-check';
import { MemoryJobStore, systemClock } from 'escapement';
import type {
  FiringDecision,
  IfExists,
  JobPatch,
  JobPut,
  JobStore,
  OverlapPolicy,
  RunDisposition,
  RunOutcome,
  RunRecord,
} from 'escapement';
import { expect, it } from 'vitest';
import {
  aFiring,
  aJob,
  aPut,
  aRun,
  aStep,
  AWAIT,
  declare,
  DIED,
  HAND_BACK,
  SUCCESS,
} from '../../../src/testing/contract/records.js';
import { SILENT } from '../support/silent.js';
import { describeOnOwnRedis } from './support/redis-place.js';
import type { RedisPlace } from './support/redis-place.js';

const NODES = ['a', 'b', 'c'] as const;
const IDS = ['one', 'two', 'three'] as const;
const DAY = 100_000_000;
const EVER = { tasks: new Set(['task', 'other']), triggerKinds: new Set(['interval']), executor: 'default' };
const ALL_STATES = ['active', 'paused', 'parked', 'finished'] as const;

const node = fc.constantFrom(...NODES);
const id = fc.constantFrom(...IDS);
const pick = fc.nat(50);
const priority = fc.constantFrom(-1, 0, 0, 0, 1);

const ENDS = ['succeeded', 'failed', 'retry', 'retry later', 'hand-back', 'died', 'await'] as const;
const aStepKind = fc.constantFrom('queued', 'queued', 'abandoned', 'skipped', 'repeated');

/** Makes any of the steps that a sequence consists of. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('put'),
      ids: fc.array(id, { minLength: 1, maxLength: 2 }),
      ifExists: fc.constantFrom<IfExists>('error', 'keep', 'update', 'replace'),
      maxInstances: fc.constantFrom(1, 1, 2, 3),
      maxRuns: fc.constantFrom(null, null, 1, 3),
      task: fc.constantFrom('task', 'other'),
      isNamed: fc.constantFrom(true, true, true, false),
      priority,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('patch'),
      id,
      to: fc.constantFrom('pause', 'resume', 'due', 'later', 'no more', 'maxInstances', 'priority', 'stale'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), id }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('add'),
      job: fc.option(id, { nil: null }),
      key: fc.constantFrom(null, null, 'key', 'other key'),
      at: fc.constantFrom('past', 'past', 'past', 'later'),
      expires: fc.constantFrom(false, false, false, true),
      priority,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('claim'), node, limit: fc.constantFrom(0, 1, 2, 100) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit'),
      node,
      pick,
      startable: fc.nat(3),
      overlap: fc.constantFrom<OverlapPolicy>('skip', 'queue', 'queueAll', 'cancelRunning'),
      planned: fc.nat(3),
      repeats: fc.boolean(),
      next: fc.constantFrom('past', 'later', null),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('release'),
      node,
      pick,
      how: fc.constantFrom('back', 'later', 'parked'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('finish'),
      node: fc.option(node, { nil: null, freq: 1 }),
      pick,
      how: fc.constantFrom(...ENDS, 'settled only'),
      settled: fc.constantFrom(true, true, false),
      follows: fc.constantFrom(false, false, true),
      steps: fc.array(aStepKind, { maxLength: 2 }),
      takesParent: fc.boolean(),
      among: fc.constantFrom('all', 'held', 'held', 'steps'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('chain'),
      pick,
      steps: fc.array(aStepKind, { minLength: 1, maxLength: 2 }),
      settled: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end steps'), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('children'), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('progress'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel'), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('heartbeat'), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recover'), node }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('leave'),
      node,
      action: fc.constantFrom<RunDisposition['action']>('hand-back', 'lose'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune'), what: fc.constantFrom('runs', 'jobs') }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Is a call to make of both stores. */
type Call = (store: JobStore) => Promise<unknown>;

/** Turns steps into calls, by what the calls before have come to. */
class Sequence {
  readonly base: number;
  readonly claimed: { uid: string; id: string; fence: number; lastAt: number }[] = [];
  readonly runs = new Map<string, RunRecord>();
  #count = 0;

  constructor(base: number) {
    this.base = base;
  }

  /** Gives the call of a step; it is the same for every store. */
  async call(one: Step, memory: JobStore): Promise<Call | null> {
    switch (one.kind) {
      case 'put': {
        const puts = one.ids.map((jobId) => this.#put(jobId, one));
        return (store) => store.putJobs(puts);
      }
      case 'patch': {
        const job = await memory.getJob(one.id);
        const patch = this.#patch(one.to, job?.definition ?? null);
        return (store) =>
          store.patchJob(one.id, patch, one.to === 'stale' ? (job?.fence ?? 0) - 1 : undefined);
      }
      case 'remove':
        return (store) => store.removeJob(one.id);
      case 'add': {
        const job = one.job === null ? null : await memory.getJob(one.job);
        const at = this.#at(one.at);
        const run = aRun(this.#unique(), {
          ...{ id: this.#name('run'), uniqueKey: one.key, priority: one.priority, availableAt: at },
          ...{ jobUid: job?.uid ?? null, jobId: job?.id ?? null, scheduledAt: at, origin: 'manual' },
          ...{ expiresAt: one.expires ? this.#past() : null },
        });
        return (store) => store.addRuns([run]);
      }
      case 'claim':
        return (store) => store.claim({ ...EVER, node: one.node, limit: one.limit, claimMs: 3 * DAY });
      case 'commit': {
        const job = this.claimed[one.pick % this.claimed.length];
        if (job === undefined) return null;
        const record = aJob(this.base, { uid: job.uid, id: job.id });
        const runs = Array.from({ length: one.planned }, (_run, index) => {
          const at = one.repeats && index === 0 ? job.lastAt : (job.lastAt = this.#past());
          return aFiring(this.#unique(), record, at, { id: this.#name('firing') });
        });
        const next = one.next === null ? null : this.#at(one.next);
        const { startable, overlap } = one;
        const counted = [{ kind: 'missed', span: { count: 2, exact: true, firstAt: 1, lastAt: 2 } }] as const;
        const decision: FiringDecision = {
          ...{
            uid: job.uid,
            fence: job.fence,
            nextRunAt: next,
            dueAt: next,
            runs,
            startable,
            overlap,
            counted,
          },
        };
        return (store) => store.commitFirings(one.node, [decision]);
      }
      case 'release': {
        const job = this.claimed[one.pick % this.claimed.length];
        if (job === undefined) return null;
        const part = one.how === 'parked' ? { error: 'why' } : {};
        const wakeAt = one.how === 'later' ? this.#at('later') : null;
        return (store) =>
          store.releaseClaims(one.node, [{ uid: job.uid, fence: job.fence, wakeAt, ...part }]);
      }
      case 'finish': {
        const run = this.#pick(one.pick, one.among);
        if (run === undefined) return null;
        const outcome = this.#outcome(one.how);
        const parent = run.step === null ? run : (this.runs.get(run.parentRunId ?? '') ?? run);
        const followUps = this.#steps(parent, one.steps);
        if (one.follows)
          followUps.push(aRun(this.#unique(), { id: this.#name('then'), availableAt: this.#past() }));
        const { settled, takesParent } = one;
        const finish = { runId: run.id, attempt: run.attempt, settled, outcome, followUps, takesParent };
        return (store) => store.finishRuns(one.node ?? run.owner ?? 'a', [finish]);
      }
      case 'chain': {
        const run = this.#pick(one.pick, 'parents');
        if (run === undefined) return null;
        const followUps = this.#steps(run, one.steps);
        const { id: runId, attempt } = run;
        const finish = { runId, attempt, settled: one.settled, outcome: AWAIT, followUps };
        return (store) => store.finishRuns(run.owner ?? 'a', [finish]);
      }
      case 'end steps': {
        const steps = [...this.runs.values()].filter(
          ({ held, owner, step: at }) => held && owner === one.node && at !== null,
        );
        const end = { settled: true, outcome: SUCCESS, followUps: [], takesParent: true };
        const finishes = steps.map(({ id: runId, attempt }) => ({ runId, attempt, ...end }));
        return (store) => store.finishRuns(one.node, finishes);
      }
      case 'children': {
        const run = [...this.runs.values()][one.pick % this.runs.size];
        return run === undefined ? null : (store) => store.listRuns({ parentRunId: run.id, limit: 2 });
      }
      case 'progress': {
        const run = [...this.runs.values()][one.pick % this.runs.size];
        if (run === undefined) return null;
        const report = { runId: run.id, attempt: run.attempt, progress: `"${this.#unique()}"` };
        return (store) => store.reportProgress(run.owner ?? 'a', [report]);
      }
      case 'cancel': {
        const run = [...this.runs.values()][one.pick % this.runs.size];
        return run === undefined ? null : (store) => store.requestCancel(run.id);
      }
      case 'heartbeat':
        return (store) => store.heartbeat(one.node, 2 * DAY);
      case 'recover':
      case 'leave': {
        const { mine } = await memory.heartbeat(one.node, 2 * DAY);
        // Of runs that are queued in the same millisecond nobody knows which comes first.
        const left = mine.map(({ id: runId, attempt }, at): RunDisposition => {
          const action = at === 0 && one.kind === 'leave' ? one.action : 'lose';
          return { runId, attempt, action };
        });
        return async (store) => {
          if (store !== memory) await store.heartbeat(one.node, 2 * DAY);
          // Steps that end in the same millisecond may queue their parents in it.
          for (const disposition of one.kind === 'leave' ? left : left.slice(1)) {
            await store.leave(one.node, [disposition]);
            await aMillisecond(store);
          }
          await store.leave(one.node, []);
          return one.kind === 'leave' ? null : store.recover(one.node);
        };
      }
      case 'prune':
        return (store) =>
          one.what === 'runs' ? store.pruneRuns(8.64e15, 1000) : store.pruneJobs(8.64e15, 1000);
    }
  }

  /** Takes note of the jobs that are claimed and of the runs that there are. */
  async note(result: unknown, memory: JobStore): Promise<void> {
    const jobs =
      (result as { jobs?: readonly { uid: string; id: string; fence: number }[] } | null)?.jobs ?? [];
    for (const { uid, id: jobId, fence } of jobs)
      this.claimed.push({ uid, id: jobId, fence, lastAt: this.#past() });
    const { items } = await memory.listRuns({ limit: 1000 });
    for (const run of items) this.runs.set(run.id, run);
  }

  #put(jobId: string, one: Extract<Step, { kind: 'put' }>): JobPut {
    const { maxInstances, maxRuns, task } = one;
    const at = this.#past();
    const uid = one.isNamed ? this.#name('uid') : this.#name('unnamed');
    const definition = { maxInstances, maxRuns, task, priority: one.priority };
    const job = aJob(this.#unique(), {
      ...{
        uid,
        id: one.isNamed ? jobId : uid,
        named: one.isNamed,
        nextRunAt: at,
        dueAt: at,
        definition,
        lastToken: 0,
        // When an edit ends a job, memory says that it was then.
        updatedAt: this.base,
      },
    });
    return aPut({ ...job, declaration: declare(job.definition) }, one.ifExists);
  }

  #patch(to: string, definition: JobPatch['definition'] | null): JobPatch {
    const at = to === 'later' ? this.#at('later') : this.#past();
    if (to === 'pause') return { state: 'paused' };
    if (to === 'resume') return { state: 'active', error: null, finishedAt: null };
    if (to === 'no more') return { nextRunAt: null, dueAt: null };
    if (to === 'maxInstances' && definition) return { definition: { ...definition, maxInstances: 2 } };
    if (to === 'priority' && definition) return { definition: { ...definition, priority: 2, task: 'other' } };
    return { nextRunAt: at, dueAt: at };
  }

  #outcome(how: string): RunOutcome | null {
    if (how === 'succeeded') return SUCCESS;
    if (how === 'failed') return { kind: 'end', status: 'failed', result: null, error: '"why"' };
    if (how === 'retry') return { kind: 'retry', availableAt: this.#past(), error: '"again"' };
    if (how === 'retry later') return { kind: 'retry', availableAt: this.#at('later'), error: null };
    if (how === 'hand-back') return HAND_BACK;
    if (how === 'died') return DIED;
    return how === 'await' ? AWAIT : null;
  }

  /** Gives one of the runs that are held, of the steps among them, of those that may have steps, or of all. */
  #pick(at: number, among: 'all' | 'held' | 'steps' | 'parents'): RunRecord | undefined {
    const runs = [...this.runs.values()].filter(({ held, step }) => {
      if (among === 'all') return true;
      return held && (among === 'held' || (among === 'steps') === (step !== null));
    });
    return runs[at % runs.length];
  }

  #steps(parent: RunRecord, kinds: readonly string[]): RunRecord[] {
    const known = [...this.runs.values()].filter(({ parentRunId }) => parentRunId === parent.id);
    return kinds.map((kind, at) => {
      const step = aStep(this.#unique(), parent, at, { id: this.#name('step'), availableAt: this.#past() });
      if (kind === 'skipped') return { ...step, status: 'skipped', finishedAt: this.#past() };
      if (kind === 'repeated') return { ...step, id: known[at % known.length]?.id ?? step.id };
      return kind === 'abandoned' ? { ...step, recovery: 'abandon' } : step;
    });
  }

  #name(what: string): string {
    return `${what} ${String(this.#count++).padStart(4, '0')}`;
  }

  /** Gives an instant that was never given before, and is long past. */
  #unique(): number {
    return this.base - 2 * DAY + this.#count++ * 1000;
  }

  #past(): number {
    return this.base - DAY + this.#count++ * 1000;
  }

  #at(when: string): number {
    return when === 'past' ? this.#past() : this.base + 7 * DAY + this.#count++ * 1000;
  }
}

/** Waits until the next millisecond of a store. */
async function aMillisecond(store: JobStore): Promise<void> {
  for (const now = await store.now(); (await store.now()) <= now; );
}

/** Gives what a call came to without what depends on the moment, and without an order that nobody promised. */
function timeless(value: unknown, base: number): unknown {
  if (typeof value === 'number') {
    const days = Math.floor((value - base) / DAY);
    return days < 0 || days > 4 ? value : `now + ${days}`;
  }
  if (Array.isArray(value)) return value.map((item) => timeless(item, base));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]: [string, unknown]) => {
      // Which of the free slots a run gets is nobody's business.
      if (key === 'slot' && field !== null) return [key, 'taken'];
      const isUnordered = Array.isArray(field) && /^(?:mine|peers|cancelled|cancelRequested)$/.test(key);
      return [key, timeless(isUnordered ? sorted(field) : field, base)];
    }),
  );
}

function sorted(items: readonly unknown[]): unknown[] {
  const keyOf = (item: unknown): string =>
    JSON.stringify((item as { id?: string; node?: string }).id ?? item);
  return [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** Leaves out what a refused put says of jobs that it did not write. */
function comparable(one: Step, result: unknown): unknown {
  if (one.kind === 'recover') return sorted(result as readonly unknown[]);
  if (one.kind !== 'put') return result;
  const outcomes = result as readonly { outcome: string }[];
  return outcomes.some(({ outcome }) => outcome === 'exists')
    ? outcomes.map(({ outcome }) => outcome)
    : result;
}

/** Makes the calls of a sequence on Redis, by three nodes, and in memory, and compares all that they come to. */
async function compare(place: RedisPlace, steps: readonly Step[]): Promise<void> {
  const context = { clock: systemClock, logger: SILENT };
  const memory = new MemoryJobStore();
  const stores = new Map(NODES.map((name) => [name as string, place.store()]));
  const [first] = stores.values();
  if (first === undefined) return;
  try {
    await memory.open(context);
    for (const store of stores.values()) await store.open(context);
    const sequence = new Sequence(await first.now());
    for (const one of steps) {
      const call = await sequence.call(one, memory);
      if (call === null) continue;
      const node = 'node' in one && one.node !== null ? one.node : 'a';
      const expected = await call(memory);
      const actual = await call(stores.get(node) ?? first);
      await sequence.note(expected, memory);
      const simplify = (result: unknown): unknown => timeless(comparable(one, result), sequence.base);
      expect([one, simplify(actual)]).toEqual([one, simplify(expected)]);
      // No two steps happen in the same millisecond.
      await aMillisecond(first);
    }
    const all = async (store: JobStore): Promise<unknown> =>
      timeless(
        [
          (await store.listJobs({ states: ALL_STATES, limit: 100 })).items,
          (await store.listRuns({ limit: 1000 })).items,
        ],
        sequence.base,
      );
    expect(await all(first)).toEqual(await all(memory));
    expect(await place.inconsistencies()).toEqual([]);
  } finally {
    for (const store of stores.values()) await store.close();
    await memory.close();
  }
}

describeOnOwnRedis('whatever three nodes do, in whatever order', (aPlace) => {
  it('comes to the same on Redis as in memory, and leaves no contradictions', async () => {
    const place = aPlace();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: '+1' }), async (steps) => {
        await place.redis.flushall();
        await compare(place, steps);
      }),
      { numRuns: 60, endOnFailure: false, interruptAfterTimeLimit: 12_000 },
    );
  }, 30_000);
});
