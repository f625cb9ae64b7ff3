import { describe, expect, it } from 'vitest';
import type { RunRecord } from 'escapement';
import { checkHistory } from './check-history.js';
import type { Evidence } from './evidence.js';
import { HistoryBuilder, aJob, aRun, marked } from './history-builder.js';

const WITHOUT_JOB = { uniqueKey: null, jobUid: null, jobId: null } as const;
const STEP_FAILED = JSON.stringify({
  name: 'StepFailedError',
  code: 'ESC_STEP_FAILED',
  message: 'Step 2 failed',
});

function invariantsBroken(evidence: Evidence): string[] {
  return [...new Set(checkHistory(evidence).map(({ invariant }) => invariant))];
}

/** Gives a step that has succeeded with a result of its own. */
function aStep(step: number, task: string, changes: Partial<RunRecord> = {}): RunRecord {
  const id = `${changes.parentRunId ?? 'c'}.${step}`;
  const result = JSON.stringify({ runId: id, attempt: changes.attempt ?? 1 });
  const parent = { parentRunId: 'c', step, origin: 'chained', fencingToken: step + 1 } as const;
  return aRun(0, { ...WITHOUT_JOB, ...parent, id, task, result, ...changes });
}

function aChain(task: string, changes: Partial<RunRecord> = {}): RunRecord {
  return aRun(0, { ...WITHOUT_JOB, id: 'c', origin: 'enqueued', task, ...changes });
}

function valueOf({ result }: RunRecord): unknown {
  return JSON.parse(result ?? 'null') as unknown;
}

const [gather, refine, deliver] = [aStep(0, 'gather'), aStep(1, 'refine'), aStep(2, 'deliver')];
const plain = aChain('plain', { result: deliver.result });

/** Tells of a run of `plain`, each step of which is handed what the one before it gave. */
function ordinary(history = new HistoryBuilder()): HistoryBuilder {
  return history
    .begins('a', gather)
    .gives('a', gather)
    .begins('b', refine, { previous: valueOf(gather) })
    .gives('b', refine)
    .begins('a', deliver, { previous: valueOf(refine) })
    .gives('a', deliver);
}

const broken = aStep(1, 'break', { status: 'failed', result: null, error: '{"message":"broken"}' });
const skipped = [2, 3].map((step) =>
  aStep(step, step === 2 ? 'refine' : 'deliver', { status: 'skipped', attempt: 0, result: null }),
);
const doomed = aChain('doomed', { status: 'failed', result: null, error: STEP_FAILED });
const alert = aStep(0, 'alert', {
  id: 'c.onFailure',
  step: null,
  result: '{"runId":"c.onFailure","attempt":1}',
});

/** Tells of a run of `doomed`, whose second step fails. */
function failing(history = new HistoryBuilder()): HistoryBuilder {
  return history
    .begins('a', gather)
    .gives('a', gather)
    .begins('b', broken, { previous: valueOf(gather) })
    .gives('b', broken);
}

describe('the checker of chains', () => {
  it('finds nothing in a chain whose steps follow each other', () => {
    expect(checkHistory(ordinary().with([], [plain, gather, refine, deliver]))).toEqual([]);
  });

  it('finds nothing in a chain that fails and is followed by onFailure', () => {
    const history = failing().begins('a', alert, { failure: 'c.1' }).gives('a', alert);
    expect(checkHistory(history.with([], [doomed, gather, broken, ...skipped, alert]))).toEqual([]);
  });

  it('finds nothing in a step that is run again after its node was killed', () => {
    const again = aStep(1, 'refine', { attempt: 2, fencingToken: 9, recoveries: 1 });
    const last = [aStep(2, 'deliver')] as const;
    const history = new HistoryBuilder()
      .begins('a', gather)
      .gives('a', gather)
      .begins('a', refine, { previous: valueOf(gather) })
      .exits('a')
      .recovers('b', 'node', marked(refine, { status: 'queued' }))
      .begins('b', again, { previous: valueOf(gather) })
      .gives('b', again)
      .begins('b', last[0], { previous: valueOf(again) })
      .gives('b', last[0]);
    expect(checkHistory(history.with([], [plain, gather, again, last[0]]))).toEqual([]);
  });

  it('finds nothing in an `all` within a chain, whose results are handed on as a list', () => {
    const both = aStep(1, 'both', { result: '[{"runId":"c.1.0"},{"runId":"c.1.1"},{"runId":"c.1.2"}]' });
    const branches = ['gather', 'falter', 'refine'].map((task, step) => {
      const result = `{"runId":"c.1.${step}"}`;
      return aStep(step, task, { id: `c.1.${step}`, parentRunId: 'c.1', result });
    });
    const chain = aChain('fanning', { result: deliver.result });
    const history = new HistoryBuilder().begins('a', gather).gives('a', gather);
    for (const branch of branches) history.begins('b', branch, { previous: valueOf(gather) });
    for (const branch of branches) history.gives('b', branch);
    history.begins('a', deliver, { previous: valueOf(both) }).gives('a', deliver);
    expect(checkHistory(history.with([], [chain, gather, both, ...branches, deliver]))).toEqual([]);
    const early = new HistoryBuilder().begins('a', deliver, { previous: valueOf(both) }).gives('a', deliver);
    early.begins('a', gather).gives('a', gather);
    for (const branch of branches)
      early.begins('b', branch, { previous: valueOf(gather) }).gives('b', branch);
    expect(invariantsBroken(early.with([], [chain, gather, both, ...branches, deliver]))).toEqual([
      'steps in order',
    ]);
  });

  it('finds nothing in a chain that goes on with what a fallback gave', () => {
    const brittle = aStep(1, 'brittle', { status: 'failed', result: null, error: '{"message":"broken"}' });
    const rescue = aStep(1, 'rescue', { id: 'c.1.fallback', result: '{"runId":"c.1.fallback"}' });
    const chain = aChain('rescued', { result: deliver.result });
    const history = new HistoryBuilder()
      .begins('a', gather)
      .gives('a', gather)
      .begins('a', brittle, { previous: valueOf(gather) })
      .gives('a', brittle)
      .begins('b', rescue, { previous: valueOf(gather), failure: 'c.1' })
      .gives('b', rescue)
      .begins('a', deliver, { previous: valueOf(rescue) })
      .gives('a', deliver);
    expect(checkHistory(history.with([], [chain, gather, brittle, rescue, deliver]))).toEqual([]);
  });
});

describe('steps in order', () => {
  it('is broken by a step that begins before the one before it has ended', () => {
    const history = new HistoryBuilder()
      .begins('a', gather)
      .begins('b', refine, { previous: valueOf(gather) })
      .gives('a', gather)
      .gives('b', refine)
      .begins('a', deliver, { previous: valueOf(refine) })
      .gives('a', deliver);
    expect(invariantsBroken(history.with([], [plain, gather, refine, deliver]))).toEqual(['steps in order']);
  });

  it('is broken by a step that begins after one that failed', () => {
    const after = aStep(2, 'refine');
    const history = failing().begins('a', after).gives('a', after).begins('a', alert, { failure: 'c.1' });
    const runs = [doomed, gather, broken, after, ...skipped.slice(1), alert];
    expect(invariantsBroken(history.gives('a', alert).with([], runs))).toEqual([
      'steps in order',
      'chains whole',
    ]);
  });

  it('is broken by the start of a step that is said to be skipped', () => {
    const [first, last] = skipped;
    if (first === undefined || last === undefined) throw new Error('There are two');
    const started = { ...first, attempt: 1 };
    const history = failing().begins('a', started).begins('a', alert, { failure: 'c.1' }).gives('a', alert);
    expect(invariantsBroken(history.with([], [doomed, gather, broken, started, last, alert]))).toEqual([
      'steps in order',
    ]);
  });

  it('is broken by a step that is handed something else', () => {
    for (const previous of [undefined, valueOf(deliver), { runId: 'c.0', attempt: 2 }]) {
      const history = new HistoryBuilder().begins('a', gather).gives('a', gather);
      history.begins('b', refine, { previous }).gives('b', refine);
      history.begins('a', deliver, { previous: valueOf(refine) }).gives('a', deliver);
      expect(invariantsBroken(history.with([], [plain, gather, refine, deliver]))).toEqual([
        'steps in order',
      ]);
    }
  });
});

describe('chains whole', () => {
  it('is broken by a chain that has succeeded without one of its steps', () => {
    const history = new HistoryBuilder()
      .begins('a', gather)
      .gives('a', gather)
      .begins('a', deliver, { previous: valueOf(refine) })
      .gives('a', deliver);
    expect(invariantsBroken(history.with([], [plain, gather, deliver]))).toContain('chains whole');
  });

  it('is broken by a result that is not that of the last step', () => {
    const wrong = { ...plain, result: refine.result };
    expect(invariantsBroken(ordinary().with([], [wrong, gather, refine, deliver]))).toEqual(['chains whole']);
  });

  it('is broken by a step that succeeded with what no handler gave', () => {
    const wrong = { ...deliver, result: '"made up"' };
    const chain = { ...plain, result: '"made up"' };
    expect(invariantsBroken(ordinary().with([], [chain, gather, refine, wrong]))).toEqual(['chains whole']);
  });

  it('is broken by a failure that onFailure does not follow, or follows for another run', () => {
    const runs = [doomed, gather, broken, ...skipped];
    expect(invariantsBroken(failing().with([], runs))).toEqual(['chains whole']);
    const other = failing().begins('a', alert, { failure: 'c.0' }).gives('a', alert);
    expect(invariantsBroken(other.with([], [...runs, alert]))).toEqual(['chains whole']);
  });

  it('is broken by onFailure after a success', () => {
    const history = ordinary().begins('a', alert, { failure: 'c.1' }).gives('a', alert);
    expect(invariantsBroken(history.with([], [plain, gather, refine, deliver, alert]))).toEqual([
      'chains whole',
    ]);
  });

  it('is broken by a failure whose steps are not all told of', () => {
    const history = failing().begins('a', alert, { failure: 'c.1' }).gives('a', alert);
    const runs = [doomed, gather, broken, ...skipped.slice(1), alert];
    expect(invariantsBroken(history.with([], runs))).toEqual(['chains whole']);
  });

  it('is broken by an end that two nodes tell of, and by a run that is lost too soon', () => {
    const twice = ordinary();
    for (const process of ['a', 'b'])
      twice.add(process, { kind: 'event', name: 'run:succeeded', runId: 'c', jobId: null, detail: null });
    expect(invariantsBroken(twice.with([], [plain, gather, refine, deliver]))).toEqual(['chains whole']);
    const lost = { ...plain, status: 'lost', recoveries: 1, result: null } as const;
    expect(invariantsBroken(ordinary().with([], [lost, gather, refine, deliver]))).toEqual(['chains whole']);
  });
});

describe('instances bounded by chains', () => {
  it('is broken by two chains at once of a job that allows one, though no two of their steps go on at once', () => {
    const ofJob = { jobUid: 'uid', jobId: 'job', origin: 'manual' } as const;
    const second = (run: RunRecord): RunRecord => {
      const id = run.id.replace('c', 'd');
      const parentRunId = run.parentRunId === null ? null : 'd';
      return { ...run, id, parentRunId, result: run.result?.replace('"c.', '"d.') ?? null };
    };
    const one = [{ ...plain, ...ofJob }, gather, refine, deliver] as const;
    const other = [second(one[0]), second(gather), second(refine), second(deliver)] as const;
    const history = new HistoryBuilder();
    for (const at of [1, 2, 3] as const) {
      for (const chain of [one, other]) {
        const before = chain[at - 1];
        const handed = at === 1 || before === undefined ? {} : { previous: valueOf(before) };
        history.begins('a', chain[at], handed).gives('a', chain[at]);
      }
    }
    const job = aJob(
      { runCount: 0, counts: { missed: null, skipped: null, coalesced: null } },
      { maxInstances: 1, maxRuns: 1 },
    );
    expect(invariantsBroken(history.with([job], [...one, ...other]))).toEqual(['instances bounded']);
  });
});

describe('one handler', () => {
  const queued = aChain('queue-step', {
    executor: 'queue',
    attempt: 2,
    fencingToken: 9,
    result: '{"runId":"c"}',
  });
  const first = { ...queued, attempt: 1, fencingToken: 1 };

  it('is kept by a run that is taken over while it goes on in the queue', () => {
    const history = new HistoryBuilder()
      .recovers('b', 'node', marked(first, { status: 'queued' }))
      .begins('worker', first)
      .gives('worker', first);
    expect(checkHistory(history.with([], [queued]))).toEqual([]);
  });

  it('is broken by a second handler while the first goes on', () => {
    const history = new HistoryBuilder()
      .begins('worker', first)
      .givesBack('b', first, 1, 'died')
      .begins('other', queued)
      .gives('worker', first)
      .gives('other', queued);
    expect(invariantsBroken(history.with([], [queued]))).toEqual(['one handler']);
  });
});
