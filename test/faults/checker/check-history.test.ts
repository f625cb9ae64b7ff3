import { describe, expect, it } from 'vitest';
import type { JobRecord, RunRecord } from 'escapement';
import { checkHistory } from './check-history.js';
import type { Evidence } from './evidence.js';
import type { Unstamped } from '../history/entries.js';
import { EPOCH, HistoryBuilder, aJob, aRun, marked } from './history-builder.js';

const job = aJob();
const runs = [aRun(0), aRun(1), aRun(2), aRun(3)] as const;

function invariantsBroken(evidence: Evidence): string[] {
  return [...new Set(checkHistory(evidence).map(({ invariant }) => invariant))];
}

/** Gives the runs with one of them changed. */
function but(nth: number, changes: Partial<RunRecord>): RunRecord[] {
  return runs.map((run, at) => (at === nth ? { ...run, ...changes } : run));
}

function tally(total: number): JobRecord['counts']['missed'] {
  return { total, exact: true, last: { count: total, exact: true, firstAt: EPOCH, lastAt: EPOCH } };
}

function commitOf(nth: 0 | 1): Unstamped {
  const answer = { call: 99, method: 'commitFirings', sentAt: 0 } as const;
  return { kind: 'answer', ...answer, runs: [marked(runs[nth])] };
}

/** Tells of the four runs, each executed by one process or the other. */
function ordinary(history = new HistoryBuilder()): HistoryBuilder {
  history.puts('a', job, { nextRunAt: EPOCH });
  runs.forEach((run, at) => {
    const process = at % 2 === 0 ? 'a' : 'b';
    history.starts(process, run).ends(process, run).finishes(process, run);
  });
  return history;
}

describe('the checker', () => {
  it('finds nothing in the history of runs that follow each other on two nodes', () => {
    expect(checkHistory(ordinary().with([job], runs))).toEqual([]);
  });

  it('finds nothing when a killed run is run again elsewhere', () => {
    const again = { ...runs[0], attempt: 2, fencingToken: 7, recoveries: 1 };
    const history = new HistoryBuilder()
      .puts('a', job, { nextRunAt: EPOCH })
      .starts('a', runs[0])
      .exits('a')
      .recovers('b', 'node', marked(runs[0], { status: 'queued' }))
      .starts('b', again)
      .ends('b', again)
      .finishes('b', again);
    expect(checkHistory(history.with([job], but(0, again)))).toEqual([]);
  });

  it('finds nothing when a frozen node is refused', () => {
    const again = { ...runs[0], attempt: 2, fencingToken: 7, recoveries: 1 };
    const history = new HistoryBuilder()
      .starts('a', runs[0])
      .recovers('b', 'node', marked(runs[0], { status: 'queued' }))
      .starts('b', again)
      .ends('a', runs[0])
      .finishes('a', runs[0], 'lost')
      .ends('b', again)
      .finishes('b', again);
    expect(checkHistory(history.with([job], but(0, again)))).toEqual([]);
  });

  it('finds nothing when fire times are counted instead of run', () => {
    const counted = aJob({
      runCount: 1,
      counts: { missed: tally(1), skipped: tally(1), coalesced: tally(1) },
    });
    expect(checkHistory(new HistoryBuilder().with([counted], [runs[3]]))).toEqual([]);
  });
});

describe('fire times once', () => {
  it('is broken by two runs of one fire time in the store', () => {
    const twice = [...runs, aRun(1, { id: 'other', fencingToken: 9 })];
    expect(invariantsBroken(ordinary().with([aJob({ runCount: 5 })], twice))).toContain('fire times once');
  });

  it('is broken by a commit that the store has forgotten', () => {
    const other = marked(runs[1], { id: 'other' });
    const history = ordinary().add('b', {
      kind: 'answer',
      method: 'commitFirings',
      call: 99,
      sentAt: 0,
      runs: [other],
    });
    expect(invariantsBroken(history.with([job], runs))).toEqual(['fire times once', 'nothing lost']);
  });

  it('allows runs by hand at any time', () => {
    const manual = aRun(1, { id: 'manual', origin: 'manual', uniqueKey: null, fencingToken: 9 });
    expect(checkHistory(ordinary().with([job], [...runs, manual]))).toEqual([]);
  });
});

describe('starts once', () => {
  it('is broken by two starts of one attempt', () => {
    const history = ordinary().starts('c', runs[3]);
    expect(invariantsBroken(history.with([job], runs))).toContain('starts once');
  });

  it('is broken by the start of a run that was taken from its node', () => {
    const again = { ...runs[0], attempt: 2, fencingToken: 7 };
    const history = new HistoryBuilder()
      .recovers('b', 'node', marked(runs[0], { status: 'queued' }))
      .starts('a', runs[0])
      .ends('a', runs[0])
      .starts('b', again)
      .ends('b', again);
    expect(invariantsBroken(history.with([job], but(0, again)))).toEqual(['starts once']);
  });
});

describe('attempts justified', () => {
  const again = { ...runs[0], attempt: 2, fencingToken: 7 };

  it('is broken by a second attempt though nothing ended the first', () => {
    const history = new HistoryBuilder().starts('a', runs[0]).exits('a').starts('b', again).ends('b', again);
    expect(invariantsBroken(history.with([job], but(0, again)))).toEqual(['attempts justified']);
  });

  it('is broken by a second attempt after the end of the first', () => {
    const history = new HistoryBuilder().starts('a', runs[0]).ends('a', runs[0]);
    history.givesBack('a', runs[0], 1, 'succeeded').starts('b', again).ends('b', again);
    expect(invariantsBroken(history.with([job], but(0, again)))).toEqual(['attempts justified']);
  });

  it('is kept by an attempt that begins before the answer of the recovery comes', () => {
    const history = new HistoryBuilder().starts('a', runs[0]).exits('a').starts('b', again).ends('b', again);
    const seen = { kind: 'answer', call: 99, method: 'recover', sentAt: 2.5, dead: 'node' } as const;
    history.add('b', { ...seen, runs: [marked(runs[0], { status: 'queued' })] });
    expect(checkHistory(history.with([job], but(0, again)))).toEqual([]);
  });

  it('is kept after a retry, a hand-back and a death, and after a recovery whose answer was never seen', () => {
    for (const sent of ['retry', 'hand-back', 'died'] as const) {
      const history = new HistoryBuilder().starts('a', runs[0]).ends('a', runs[0]);
      history.givesBack('a', runs[0], 1, sent).starts('b', again).ends('b', again);
      expect(checkHistory(history.with([job], but(0, again)))).toEqual([]);
    }
    const history = new HistoryBuilder().starts('a', runs[0]).exits('a');
    history.add('b', { kind: 'call', call: 99, method: 'recover', dead: 'node' }).starts('c', again);
    expect(checkHistory(history.ends('c', again).with([job], but(0, again)))).toEqual([]);
  });
});

describe('instances bounded', () => {
  it('is broken by two attempts of a job at once, where one may be', () => {
    const history = new HistoryBuilder()
      .starts('a', runs[0])
      .starts('b', runs[1])
      .ends('a', runs[0])
      .ends('b', runs[1]);
    expect(invariantsBroken(history.with([job], runs))).toEqual(['instances bounded']);
  });

  it('is kept by as many as there may be', () => {
    const wide = aJob({}, { maxInstances: 2 });
    const history = new HistoryBuilder()
      .starts('a', runs[0])
      .starts('b', runs[1])
      .ends('a', runs[0])
      .starts('a', runs[2])
      .exits('b')
      .starts('a', runs[3]);
    expect(checkHistory(history.with([wide], runs))).toEqual([]);
  });

  it('knows the limit of a job that is gone by its insertion', () => {
    const history = new HistoryBuilder()
      .puts('a', job, { nextRunAt: EPOCH })
      .starts('a', runs[0])
      .starts('b', runs[1]);
    expect(invariantsBroken(history.with([], runs))).toEqual(['instances bounded']);
  });
});

describe('fire times accounted', () => {
  it('is broken by a fire time that is neither run nor counted', () => {
    const evidence = new HistoryBuilder().with([aJob({ runCount: 3 })], [runs[0], runs[1], runs[3]]);
    expect(checkHistory(evidence)).toEqual([
      expect.objectContaining({
        invariant: 'fire times accounted',
        what: expect.stringMatching(/4 fire times, of which 3/) as string,
      }),
    ]);
  });

  it('is broken by a fire time that is both run and counted', () => {
    const counted = aJob({ counts: { missed: tally(1), skipped: null, coalesced: null } });
    expect(invariantsBroken(new HistoryBuilder().with([counted], runs))).toEqual(['fire times accounted']);
  });

  it('is broken by a count of runs that is not that of its runs', () => {
    expect(invariantsBroken(new HistoryBuilder().with([aJob({ runCount: 5 })], runs))).toEqual([
      'fire times accounted',
    ]);
  });

  it('is broken by a run between the fire times', () => {
    const stray = but(2, { scheduledAt: EPOCH + 2500 });
    expect(invariantsBroken(new HistoryBuilder().with([job], stray))).toEqual(['fire times accounted']);
  });

  it('is broken by a job that is gone and left no run', () => {
    const history = new HistoryBuilder().puts('a', job, { nextRunAt: EPOCH });
    expect(invariantsBroken(history.with([], []))).toEqual(['fire times accounted']);
  });

  it('asks nothing of a job whose trigger was edited, nor of one that was removed', () => {
    const edited = new HistoryBuilder()
      .puts('a', job, { nextRunAt: EPOCH, trigger: '"* * * * *"' })
      .puts('b', job, { nextRunAt: EPOCH }, 'updated');
    expect(checkHistory(edited.with([aJob({ runCount: 1 })], [runs[3]]))).toEqual([]);
    const removed = new HistoryBuilder()
      .puts('a', job, { nextRunAt: EPOCH })
      .add('a', { kind: 'call', call: 1, method: 'removeJob', outcomes: ['job'] });
    expect(checkHistory(removed.with([], []))).toEqual([]);
  });
});

describe('tokens grow', () => {
  it('is broken by a later run with a lower token', () => {
    const history = new HistoryBuilder()
      .starts('a', runs[0], 5)
      .ends('a', runs[0])
      .starts('b', runs[1], 4)
      .ends('b', runs[1]);
    expect(invariantsBroken(history.with([job], runs))).toEqual(['tokens grow']);
  });

  it('is broken by a later attempt with a lower token, and by one token for two', () => {
    const wide = aJob({}, { maxInstances: 3 });
    const again = { ...runs[0], attempt: 2 };
    const lower = new HistoryBuilder()
      .starts('a', runs[0], 5)
      .givesBack('a', runs[0], 1, 'retry')
      .starts('b', again, 4)
      .ends('b', again);
    expect(invariantsBroken(lower.with([wide], but(0, again)))).toEqual(['tokens grow']);
    const shared = new HistoryBuilder().starts('a', runs[0], 5).starts('b', runs[1], 5);
    expect(invariantsBroken(shared.with([wide], runs))).toEqual(['tokens grow']);
  });
});

describe('late finishes refused', () => {
  it('is broken by an end that is taken after the run was', () => {
    const history = new HistoryBuilder()
      .starts('a', runs[0])
      .recovers('b', 'node', marked(runs[0], { status: 'queued' }))
      .ends('a', runs[0])
      .finishes('a', runs[0]);
    expect(invariantsBroken(history.with([job], runs))).toEqual(['late finishes refused']);
  });

  it('is broken by an end that was taken and does not stand', () => {
    const again = { ...runs[0], attempt: 2, fencingToken: 7 };
    expect(invariantsBroken(ordinary().with([job], but(0, again)))).toContain('late finishes refused');
    expect(invariantsBroken(ordinary().with([job], but(0, { status: 'lost' })))).toEqual([
      'late finishes refused',
    ]);
  });
});

describe('nothing lost', () => {
  it('is broken by a run that was executed and is not in the store', () => {
    const manual = aRun(1, { id: 'manual', origin: 'manual' });
    const history = new HistoryBuilder().starts('a', manual).ends('a', manual);
    expect(invariantsBroken(history.with([job], runs))).toEqual(['nothing lost']);
  });

  it('is broken by an attempt that the store has not counted', () => {
    const history = new HistoryBuilder()
      .givesBack('a', runs[0], 1, 'retry')
      .starts('a', runs[0], 1, 2)
      .ends('a', runs[0], 2);
    expect(invariantsBroken(history.with([job], runs))).toEqual(['nothing lost']);
  });
});

describe('what a fault took', () => {
  it('need not be in the store, nor have ended', () => {
    expect(checkHistory(ordinary().loses().with([], []))).toEqual([]);
    const queued = aRun(1, { origin: 'enqueued', jobUid: null, jobId: null });
    const added = { call: 99, method: 'addRuns', sentAt: 0, runs: [marked(queued)] };
    const history = new HistoryBuilder().add('a', { kind: 'answer', ...added }).loses();
    expect(checkHistory(history.with([], []))).toEqual([]);
  });

  it('does not take a fire time from its job', () => {
    const left = runs.filter(({ id }) => id !== 'run 1');
    expect(checkHistory(ordinary().add('a', commitOf(1)).loses('run 1').with([job], left))).toEqual([]);
  });

  it('is nothing but what is named', () => {
    const left = runs.filter(({ id }) => id !== 'run 1');
    const history = ordinary().add('a', commitOf(1)).loses('run 2');
    expect(invariantsBroken(history.with([job], left))).toEqual([
      'fire times accounted',
      'late finishes refused',
      'nothing lost',
    ]);
  });

  it('is not what the store gave out afterwards', () => {
    expect(invariantsBroken(ordinary(new HistoryBuilder().loses()).with([], []))).toEqual([
      'fire times accounted',
      'late finishes refused',
      'nothing lost',
    ]);
  });

  it('goes on in its handler, and another attempt of its job may begin', () => {
    const history = new HistoryBuilder()
      .add('a', commitOf(0))
      .starts('a', runs[0])
      .loses('run 0')
      .starts('b', runs[1]);
    expect(checkHistory(history.with([job], runs.slice(1)))).toEqual([]);
  });
});

describe('a store that fell back', () => {
  it('may have what it forgot told, started and ended again', () => {
    const again = { ...runs[3], id: 'again', fencingToken: 4 };
    const history = ordinary().add('runner', { kind: 'fault', what: 'it fell back', lost: 'latest' });
    history.starts('b', again).ends('b', again).finishes('b', again);
    expect(checkHistory(history.with([job], [runs[0], runs[1], runs[2], again]))).toEqual([]);
  });

  it('is held to all that it is told from then on', () => {
    const history = new HistoryBuilder().add('runner', {
      kind: 'fault',
      what: 'it fell back',
      lost: 'latest',
    });
    expect(invariantsBroken(ordinary(history).starts('c', runs[3]).with([job], runs))).toContain(
      'starts once',
    );
  });
});

describe('all settled', () => {
  it('is broken by a run that is left open, and by a slot that is left held', () => {
    for (const open of [{ status: 'queued' }, { status: 'running' }, { held: true }, { slot: 0 }] as const) {
      expect(invariantsBroken(new HistoryBuilder().with([job], but(0, open)))).toEqual(['all settled']);
    }
  });

  it('is broken by a job that was parked', () => {
    expect(invariantsBroken(new HistoryBuilder().with([aJob({ state: 'parked' })], runs))).toEqual([
      'all settled',
    ]);
  });
});
