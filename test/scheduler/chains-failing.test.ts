import { describe, expect, test } from 'vitest';
import { MemoryJobStore, StepFailedError, all, chain, defineTask } from '../../src/index.js';
import type { RunContext } from '../../src/index.js';
import { startedStage } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';
import { lasting, statusesOf } from './steps/support/chain-stage.js';

const one = defineTask('one', ({ data }: RunContext<{ n: number }>) => data.n + 1);
const two = defineTask('two', ({ previous }) => (previous as number) * 10);
const three = defineTask('three', ({ previous }) => `got ${String(previous)}`);
const boom = defineTask('boom', () => Promise.reject(new RangeError('boom')));

describe('a chain whose step fails', () => {
  test('ends with it, records the others as skipped, and runs onFailure once', async () => {
    const { clock, scheduler, events } = await startedStage();
    const failures: unknown[] = [];
    const alert = defineTask('alert', ({ failure, data, previous, runId }) => {
      failures.push([failure?.task, failure?.runId, failure?.error.message, data, previous, runId]);
    });
    const handle = await scheduler.enqueue(chain([one, boom, three], { onFailure: alert }), { n: 1 });
    const result = rejectionOf(handle.result());
    await clock.settle();
    const error = await result;
    expect(error).toBeInstanceOf(StepFailedError);
    expect(error).toMatchObject({ code: 'ESC_STEP_FAILED', cause: { name: 'RangeError', message: 'boom' } });
    expect(await statusesOf(scheduler, handle.id)).toEqual(['failed', 'succeeded', 'failed', 'skipped']);
    expect(failures).toEqual([
      ['boom', `${handle.id}.1`, 'boom', { n: 1 }, undefined, `${handle.id}.onFailure`],
    ]);
    const skipped = await scheduler.getRuns({ statuses: ['skipped'] });
    expect(skipped.items).toMatchObject([
      { task: 'three', step: 2, parentRunId: handle.id, attempt: 0, startedAt: null, held: false },
    ]);
    expect(skipped.items[0]?.finishedAt).toBeInstanceOf(Date);
    expect(events.of('run:failed').map(({ run }) => run.task)).toEqual(['boom', 'chain(one, boom, three)']);
  });

  test('runs onFailure with its own retries, and stays failed whatever becomes of it', async () => {
    const { clock, scheduler } = await startedStage();
    let calls = 0;
    const alert = defineTask(
      'alert',
      () => {
        calls++;
        throw new Error('no mail');
      },
      { retry: { attempts: 2, delay: 100 } },
    );
    const handle = await scheduler.enqueue(chain([boom], { onFailure: alert }));
    await clock.advance(1000);
    expect(calls).toBe(2);
    expect((await handle.run())?.status).toBe('failed');
    expect((await scheduler.getRun(`${handle.id}.onFailure`))?.status).toBe('failed');
  });

  test('may have a chain run when it fails, each step of which is told of the data and not of the failure', async () => {
    const { clock, scheduler } = await startedStage();
    const seen: unknown[] = [];
    const note = defineTask('note', ({ failure, data }) => seen.push([failure?.task ?? null, data]));
    const handle = await scheduler.enqueue(
      chain([boom], { onFailure: chain([note, note], { name: 'both' }) }),
      5,
    );
    await clock.settle();
    expect(await statusesOf(scheduler, `${handle.id}.onFailure`)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
    ]);
    expect(seen).toEqual([
      [null, 5],
      [null, 5],
    ]);
  });

  test('inside of another runs its own onFailure, and then that of the outer one', async () => {
    const { clock, scheduler } = await startedStage();
    const seen: unknown[] = [];
    const inside = defineTask('inside', ({ failure }) => void seen.push(['inside', failure?.task]));
    const outside = defineTask('outside', ({ failure }) => void seen.push(['outside', failure?.task]));
    const inner = chain([one, boom, two], { name: 'inner', onFailure: inside });
    const handle = await scheduler.enqueue(chain([one, inner, three], { onFailure: outside }), { n: 1 });
    await clock.settle();
    expect(seen).toEqual([
      ['inside', 'boom'],
      ['outside', 'inner'],
    ]);
    expect(await statusesOf(scheduler, handle.id)).toEqual(['failed', 'succeeded', 'failed', 'skipped']);
    expect(await statusesOf(scheduler, `${handle.id}.1`)).toEqual([
      'failed',
      'succeeded',
      'failed',
      'skipped',
    ]);
  });

  test('does not run onFailure where it is cancelled, or succeeds', async () => {
    const made = await startedStage();
    const { clock, scheduler, events } = made;
    const alert = defineTask('alert', () => 1);
    const task = chain([lasting(made, 'slow', 1000)], { name: 'x', onFailure: alert });
    const handle = await scheduler.enqueue(task);
    await scheduler.enqueue(task);
    await clock.settle();
    await handle.cancel();
    await clock.advance(2000);
    expect(events.of('run:started').map(({ run }) => run.task)).not.toContain('alert');
    expect((await scheduler.getRuns({ task: 'alert' })).items).toEqual([]);
  });

  test('is kept with what is known of its cause, through chains in chains', async () => {
    const { clock, scheduler } = await startedStage();
    const coded = defineTask('coded', () =>
      Promise.reject(Object.assign(new RangeError('boom'), { code: 'E_BOOM' })),
    );
    const handle = await scheduler.enqueue(chain([chain([coded], { name: 'inner' })]));
    await clock.settle();
    expect((await handle.run())?.error).toMatchObject({
      code: 'ESC_STEP_FAILED',
      cause: { code: 'ESC_STEP_FAILED', cause: { name: 'RangeError', message: 'boom', code: 'E_BOOM' } },
    });
  });
});

test('steps that the store holds and does not list make their run fail, and are not begun again and again', async () => {
  const store = new MemoryJobStore();
  const listRuns = store.listRuns.bind(store);
  let calls = 0;
  store.listRuns = (query) => {
    if (query.parentRunId === undefined) return listRuns(query);
    calls++;
    return Promise.resolve({ items: [], next: null });
  };
  const { clock, scheduler } = await startedStage({ stores: { default: store } });
  let begun = 0;
  const step = defineTask('step', () => ++begun);
  const other = defineTask('other', () => ++begun);
  const handle = await scheduler.enqueue(all([step, other]));
  const result = rejectionOf(handle.result());
  await clock.settle();
  expect(await result).toMatchObject({
    code: 'ESC_INVALID_STATE',
    message: expect.stringContaining(handle.id) as string,
  });
  expect([begun, calls]).toEqual([2, 3]);
});
