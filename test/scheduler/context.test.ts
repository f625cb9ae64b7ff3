import { describe, expect, test } from 'vitest';
import { InvalidOptionError, defineTask, interval } from '../../src/index.js';
import type { RunContext } from '../../src/index.js';
import { Gate } from '../support/gate.js';
import { START, startedStage } from '../support/stage.js';

const START_MS = Date.parse(START);

describe('the context of a handler', () => {
  test('tells of the run and of its job', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    await scheduler.addJob(gate.handler, interval({ minutes: 1 }), {
      id: 'a',
      name: 'A',
      tags: ['x'],
      data: { n: 1 },
    });
    await clock.advance({ minutes: 1 });
    const [context] = gate.contexts;
    expect(context?.data).toEqual({ n: 1 });
    expect(context?.job).toEqual({ id: 'a', name: 'A', tags: ['x'] });
    expect(context?.runId).toBe(events.of('run:started')[0]?.run.id);
    expect(context?.scheduledAt).toEqual(new Date(START_MS + 60_000));
    expect(context?.startedAt).toEqual(new Date(START_MS + 60_000));
    expect(context?.attempt).toBe(1);
    expect(context?.previous).toBeUndefined();
    expect(context?.signal.aborted).toBe(false);
    expect(context?.signal).toBe(context?.signal);
    gate.release();
  });

  test('names the nominal fire time, however late or jittered the start', async () => {
    const { clock, scheduler } = await startedStage();
    const seen: [number, number][] = [];
    await scheduler.addJob(
      ({ scheduledAt, startedAt }) =>
        seen.push([scheduledAt.getTime() - START_MS, startedAt.getTime() - START_MS]),
      interval({ minutes: 10 }),
      { id: 'jittery', jitter: { minutes: 5 } },
    );
    await clock.advance({ hours: 2 });
    expect(seen.map(([scheduledAt]) => scheduledAt / 600_000)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    const delays = seen.map(([scheduledAt, startedAt]) => startedAt - scheduledAt);
    expect(delays.every((delay) => delay >= 0 && delay < 300_000)).toBe(true);
    expect(new Set(delays).size).toBeGreaterThan(5);
  });

  test('gives fresh data to every run', async () => {
    const { clock, scheduler } = await startedStage();
    const seen: unknown[] = [];
    await scheduler.addJob(
      ({ data }) => {
        const list = data as number[];
        list.push(1);
        seen.push(list.length);
      },
      interval(1000),
      { data: [] },
    );
    await clock.advance(3000);
    expect(seen).toEqual([1, 1, 1]);
  });

  test('draws fencing tokens that only grow, though the clock goes back', async () => {
    const { clock, scheduler } = await startedStage();
    const tokens: number[] = [];
    await scheduler.addJob(({ fencingToken }) => tokens.push(fencingToken), interval(1000), { id: 'a' });
    await clock.advance(3000);
    clock.set(new Date(START_MS - 3_600_000));
    for (let at = 0; at < 3; at++) await (await scheduler.runJob('a')).result();
    expect(tokens).toHaveLength(6);
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
    expect(tokens[0]).toBeGreaterThanOrEqual(START_MS);
  });

  test('logs with the run, its job and its task attached', async () => {
    const { clock, scheduler, log } = await startedStage();
    const task = defineTask('chatty', ({ log: logger }: RunContext) => {
      logger.info({ n: 1 }, 'half way');
    });
    await scheduler.addJob(task, undefined, { id: 'a' });
    await clock.settle();
    expect(log.at('info')).toMatchObject([
      { message: 'half way', fields: { n: 1, jobId: 'a', task: 'chatty' } },
    ]);
    expect(log.at('info')[0]?.fields['runId']).toEqual(expect.any(String));
  });

  test('works when it is taken apart', async () => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(({ progress, log, signal, runId }) => {
      progress(0.5, runId);
      log.warn({}, String(signal.aborted));
    });
    await clock.settle();
    expect(events.of('run:succeeded')).toHaveLength(1);
  });
});

describe('progress', () => {
  test('is kept with the run and told of', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    await clock.settle();
    gate.contexts[0]?.progress(0.25);
    gate.contexts[0]?.progress(0.5, 'half way');
    await clock.settle();
    expect(await handle.run()).toMatchObject({ progress: { fraction: 0.5, note: 'half way' } });
    expect(events.of('run:progress')).toMatchObject([
      { fraction: 0.25, note: null, run: { id: handle.id } },
      { fraction: 0.5, note: 'half way', run: { progress: { fraction: 0.5 } } },
    ]);
    gate.release();
    await clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'succeeded', progress: { fraction: 0.5 } });
  });

  test('after the outcome changes nothing', async () => {
    const { clock, scheduler, events } = await startedStage();
    const gate = new Gate();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler), undefined, { timeout: 100 });
    await clock.advance(100);
    gate.contexts[0]?.progress(1);
    await clock.settle();
    expect((await handle.run())?.progress).toBeNull();
    expect(events.of('run:progress')).toHaveLength(0);
  });

  test.each([-0.1, 1.1, NaN, '0.5', undefined])('of %s is refused', async (fraction) => {
    const { clock, scheduler, events } = await startedStage();
    await scheduler.addJob(({ progress }) => {
      progress(fraction as number);
    });
    await clock.settle();
    expect(events.of('run:failed')[0]?.error).toBeInstanceOf(InvalidOptionError);
  });

  test('begins anew with the next attempt', async () => {
    const { clock, scheduler } = await startedStage();
    const task = defineTask('t', ({ attempt, progress }: RunContext) => {
      if (attempt > 1) return;
      progress(0.9);
      throw new Error('no');
    });
    const handle = await scheduler.enqueue(task, undefined, { retry: { attempts: 2, delay: 1000 } });
    await clock.advance(1000);
    expect(await handle.run()).toMatchObject({ status: 'succeeded', progress: null });
  });
});
