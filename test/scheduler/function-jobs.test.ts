import { describe, expect, test } from 'vitest';
import { date, interval } from '../../src/index.js';
import { runChild } from '../support/child.js';
import { Gate } from '../support/gate.js';
import { START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);

describe('a job of a plain function', () => {
  test('runs the function that it was added with, each its own', async () => {
    const { clock, scheduler } = await startedStage();
    const ran: number[] = [];
    for (const n of [1, 2, 3]) await scheduler.addJob(() => ran.push(n), date(new Date(START_MS + n * 1000)));
    await clock.advance(5000);
    expect(ran).toEqual([1, 2, 3]);
  });

  test('keeps running its function after a run by hand, a pause and an edit', async () => {
    const { clock, scheduler } = await startedStage();
    let ran = 0;
    await scheduler.addJob(() => ran++, interval(1000), { id: 'a' });
    await (await scheduler.runJob('a')).result();
    await scheduler.pauseJob('a');
    await scheduler.resumeJob('a');
    await scheduler.modifyJob('a', { description: 'new' });
    await clock.advance(1000);
    expect(ran).toBe(2);
  });

  test('can be run again after it has finished, as long as it is kept', async () => {
    const { clock, scheduler } = await startedStage();
    let ran = 0;
    await scheduler.addJob(() => ran++, undefined, { id: 'a' });
    await clock.settle();
    await (await scheduler.runJob('a')).result();
    expect(ran).toBe(2);
  });

  test('cannot be added under the id of another, and leaves that its function', async () => {
    const { clock, scheduler } = await startedStage();
    const ran: string[] = [];
    await scheduler.addJob(() => ran.push('first'), interval(1000), { id: 'a' });
    await expect(
      scheduler.addJob(() => ran.push('second'), interval(1000), { id: 'a' }),
    ).rejects.toMatchObject({
      code: 'ESC_JOB_EXISTS',
    });
    await clock.advance(1000);
    expect(ran).toEqual(['first']);
  });

  test('whose revision is stale keeps the function of the newer one', async () => {
    const { clock, scheduler } = await startedStage();
    const ran: string[] = [];
    await scheduler.addJob(() => ran.push('two'), interval(1000), {
      id: 'a',
      revision: 2,
      ifExists: 'update',
    });
    await scheduler.addJob(() => ran.push('one'), interval(1000), {
      id: 'a',
      revision: 1,
      ifExists: 'update',
    });
    await clock.advance(1000);
    expect(ran).toEqual(['two']);
  });
});

describe('a job of a plain function that is declared again with update', () => {
  test('runs what was waiting for its turn', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const declare = (): Promise<unknown> =>
      scheduler.addJob(gate.handler, interval({ days: 1 }), { id: 'a', ifExists: 'update' });
    await declare();
    for (let at = 0; at < 2; at++) await scheduler.runJob('a');
    await clock.settle();
    await declare();
    gate.release();
    await clock.settle();
    expect(gate.entered).toBe(2);
    gate.release();
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(2);
  });

  test('retries what had failed before', async () => {
    const { clock, scheduler, events } = await startedStage();
    const declare = (): Promise<unknown> =>
      scheduler.addJob(
        ({ attempt }) => (attempt === 1 ? Promise.reject(new Error('no')) : 'done'),
        date(new Date(START_MS)),
        { id: 'a', ifExists: 'update', retry: { attempts: 2, delay: 5000 } },
      );
    await declare();
    await clock.settle();
    expect(events.of('run:retrying')).toHaveLength(1);
    await declare();
    await clock.advance(5000);
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'done' }]);
    expect((await scheduler.getJob('a'))?.state).toBe('finished');
  });
});

test('the closures of jobs that ended or were removed are released, and so are those of runs', async () => {
  const { stdout, stderr } = await runChild(`
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    const { Scheduler, interval } = await import('./src/index.js');
    const scheduler = new Scheduler();
    await scheduler.start();
    const refs = { ended: [], removed: [], awaited: [] };
    const add = async (list, options, trigger) => {
      const big = { payload: new Uint8Array(1000) };
      list.push(new WeakRef(big));
      return scheduler.addJob(() => { if (big.payload.length < 0) throw big; }, trigger, options);
    };
    let ended = 0;
    const over = new Promise((resolve) => scheduler.on('job:finished', () => { if (++ended === 50) resolve(); }));
    for (let at = 0; at < 50; at++) await add(refs.ended, {});
    await over;
    for (let at = 0; at < 50; at++) {
      const job = await add(refs.removed, { id: 'job-' + at }, interval({ hours: 1 }));
      const handle = await job.run();
      await handle.result();
      await handle.result();
      await scheduler.removeJob('job-' + at);
    }
    for (let round = 0; round < 10; round++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
    const alive = (list) => list.filter((ref) => ref.deref() !== undefined).length;
    console.log(JSON.stringify({ ended: alive(refs.ended), removed: alive(refs.removed) }));
    await scheduler.shutdown();
  `);
  expect(stderr).toBe('');
  const alive = JSON.parse(stdout) as { ended: number; removed: number };
  // The collector may keep what stood on the stack last.
  expect(alive.ended).toBeLessThanOrEqual(2);
  expect(alive.removed).toBeLessThanOrEqual(2);
});
