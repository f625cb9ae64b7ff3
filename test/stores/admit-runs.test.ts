import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OverlapPolicy } from '../../src/job/job-policy.js';
import { admitRuns } from '../../src/stores/admit-runs.js';
import type { Admission, AdmissionState } from '../../src/stores/admit-runs.js';

const overlap = fc.constantFrom<OverlapPolicy>('skip', 'queue', 'queueAll', 'cancelRunning');
const states: fc.Arbitrary<AdmissionState> = fc.record({
  planned: fc.oneof(fc.nat(5), fc.nat(1200)),
  held: fc.nat(6),
  waiting: fc.oneof(fc.nat(3), fc.integer({ min: 990, max: 1010 })),
  maxInstances: fc.integer({ min: 1, max: 5 }),
  startable: fc.oneof(fc.nat(6), fc.nat(1200)),
  overlap,
});

const idle: AdmissionState = {
  planned: 1,
  held: 0,
  waiting: 0,
  maxInstances: 1,
  startable: 10,
  overlap: 'skip',
};
const full: AdmissionState = { ...idle, held: 1 };

describe('admitRuns', () => {
  it('treats the runs of a plan as if they came one by one', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(admitRuns(state)).toEqual(oneByOne(state));
      }),
    );
  });

  it('starts as many as fit, queues the rest and skips none while a slot is free', () => {
    expect(admitRuns({ ...idle, planned: 5, maxInstances: 3, held: 1 })).toEqual(admission(2, 3, 0));
    expect(admitRuns({ ...idle, planned: 5, maxInstances: 3, startable: 1 })).toEqual(admission(1, 4, 0));
    expect(admitRuns({ ...idle, planned: 5, startable: 0 })).toEqual(admission(0, 5, 0));
  });

  it('looks at what waits only while all slots are held', () => {
    expect(admitRuns({ ...idle, waiting: 5000, overlap: 'queueAll' })).toEqual(admission(1, 0, 0));
  });

  it('cancels nothing for a plan without a run', () => {
    expect(admitRuns({ ...full, planned: 0, overlap: 'cancelRunning' })).toEqual(admission(0, 0, 0));
  });

  it('starts nothing while more slots are held than there are', () => {
    expect(admitRuns({ ...full, held: 3, maxInstances: 2 })).toEqual(admission(0, 0, 1));
  });

  it.each([
    ['skip', 0, admission(0, 0, 3)],
    ['queue', 0, admission(0, 1, 2)],
    ['queue', 1, admission(0, 0, 3)],
    ['queueAll', 0, admission(0, 3, 0)],
    ['queueAll', 998, admission(0, 2, 1)],
    ['queueAll', 1000, admission(0, 0, 3)],
    ['cancelRunning', 7, { ...admission(0, 3, 0), cancelEarlier: true }],
  ] as const)('with overlap %s and %i waiting it decides on a plan of three', (policy, waiting, expected) => {
    expect(admitRuns({ ...full, planned: 3, waiting, overlap: policy })).toEqual(expected);
  });
});

function admission(start: number, queue: number, skip: number): Admission {
  return { start, queue, skip, cancelEarlier: false };
}

/** Decides run by run. */
function oneByOne(state: AdmissionState): Admission {
  const wasFull = state.held >= state.maxInstances;
  const counts = { start: 0, queue: 0, skip: 0 };
  for (let run = 0; run < state.planned; run++) counts[fate(state, wasFull, counts)]++;
  return { ...counts, cancelEarlier: wasFull && state.overlap === 'cancelRunning' && state.planned > 0 };
}

function fate(
  state: AdmissionState,
  wasFull: boolean,
  done: { readonly start: number; readonly queue: number },
): 'start' | 'queue' | 'skip' {
  if (!wasFull) {
    const hasSlot = state.held + done.start < state.maxInstances && done.start < state.startable;
    return hasSlot && done.queue === 0 ? 'start' : 'queue';
  }
  if (state.overlap === 'cancelRunning') return 'queue';
  const room = { skip: 0, queue: 1, queueAll: 1000 }[state.overlap];
  return state.waiting + done.queue < room ? 'queue' : 'skip';
}
