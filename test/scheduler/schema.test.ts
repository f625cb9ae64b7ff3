import { describe, expect, test } from 'vitest';
import { InvalidDataError, defineTask, interval } from '../../src/index.js';
import type { SchemaResult } from '../../src/index.js';
import { schemaOf, dated } from '../support/schemas.js';
import { stage, startedStage } from '../support/stage.js';
import { rejectionOf } from '../support/within.js';

const show = defineTask('show', ({ data }) => data.at.getTime(), { schema: dated });

describe('a task with a schema', () => {
  test('gets what the schema makes of the data, while the job keeps it as given', async () => {
    const { clock, scheduler, events } = await startedStage();
    const job = await scheduler.addJob(show, interval({ minutes: 1 }), {
      data: { at: '1970-01-01T00:00:05Z' },
    });
    expect(job.data).toEqual({ at: '1970-01-01T00:00:05Z' });
    await clock.advance({ minutes: 2 });
    expect(events.of('run:succeeded').map(({ result }) => result)).toEqual([5000, 5000]);
  });

  test('refuses data when a job is added, changed or enqueued, and names the place', async () => {
    const { scheduler, events } = stage();
    const bad = { at: 5 } as unknown as { at: string };
    await scheduler.addJob(show, '@daily', { id: 'a', data: { at: 'x' } });
    for (const refused of [
      scheduler.addJob(show, '@daily', { data: bad }),
      scheduler.addJob(show, '@daily', {} as { data: { at: string } }),
      scheduler.addJobs([{ task: show, trigger: '@daily', options: { data: bad } }]),
      scheduler.modifyJob('a', { data: bad }),
      scheduler.enqueue(show, bad),
    ]) {
      const error = await rejectionOf(refused);
      expect(error).toBeInstanceOf(InvalidDataError);
      expect(error).toMatchObject({
        code: 'ESC_INVALID_DATA',
        path: 'data.at',
        cause: [{ message: 'must be text' }],
      });
      expect((error as Error).message).toBe(
        'The schema of task "show" refuses the data: data.at: must be text',
      );
    }
    expect((await scheduler.getJobs()).items).toHaveLength(1);
    expect(events.names).toEqual(['job:added']);
  });

  test('may check asynchronously', async () => {
    const { clock, scheduler } = await startedStage();
    const schema = schemaOf<number>(async (value) => {
      await Promise.resolve();
      return typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'no number' }] };
    });
    const double = defineTask('double', ({ data }) => data, { schema });
    const handle = await scheduler.enqueue(double, 21);
    await clock.settle();
    expect(await handle.result()).toBe(42);
    await expect(scheduler.enqueue(double, 'x' as unknown as number)).rejects.toThrow('data: no number');
  });

  test('names every place that is wrong, however the path is given', async () => {
    const { scheduler } = stage();
    const schema = schemaOf(() => ({
      issues: [{ message: 'one', path: ['list', 0, { key: 'name' }] }, { message: 'two' }],
    }));
    const error = await rejectionOf(
      scheduler.enqueue(
        defineTask('t', () => 1, { schema }),
        {},
      ),
    );
    expect((error as Error).message).toContain('data.list[0].name: one; data: two');
  });

  test('whose check throws rejects the call with that', async () => {
    const { scheduler } = stage();
    const schema = schemaOf(() => {
      throw new TypeError('broken schema');
    });
    const task = defineTask('t', () => 1, { schema });
    await expect(scheduler.addJob(task, '@daily', { data: 1 })).rejects.toThrow('broken schema');
    expect((await scheduler.getJobs()).items).toEqual([]);
  });

  test('is checked again before the run: data that has become wrong fails it, without a retry of no use', async () => {
    let isStrict = false;
    const schema = schemaOf<number>((value) =>
      isStrict ? { issues: [{ message: 'too late' }] } : { value: value as number },
    );
    const { clock, scheduler, events } = await startedStage();
    let calls = 0;
    await scheduler.addJob(
      defineTask('t', () => calls++, { schema, retry: { attempts: 3, delay: 0 } }),
      interval({ minutes: 1 }),
      { data: 1 },
    );
    isStrict = true;
    await clock.advance({ minutes: 1 });
    expect(calls).toBe(0);
    expect(events.of('run:failed')).toMatchObject([
      { error: { code: 'ESC_INVALID_DATA' }, run: { attempt: 1, held: false } },
    ]);
    isStrict = false;
    await clock.advance({ minutes: 1 });
    expect(calls).toBe(1);
  });

  test('whose run is cancelled while its data is being checked never begins', async () => {
    const { clock, scheduler, events } = await startedStage();
    let letGo: (result: SchemaResult<number>) => void = () => undefined;
    let checks = 0;
    const schema = schemaOf<number>((value) => {
      checks++;
      if (checks === 1) return { value: value as number };
      return new Promise((resolve) => {
        letGo = resolve;
      });
    });
    let calls = 0;
    const handle = await scheduler.enqueue(
      defineTask('t', () => calls++, { schema }),
      1,
    );
    await clock.settle();
    expect(checks).toBe(2);
    expect(await handle.cancel()).toBe(true);
    letGo({ value: 1 });
    await clock.settle();
    expect(calls).toBe(0);
    expect(events.names.filter((name) => name.startsWith('run:'))).toEqual(['run:started', 'run:cancelled']);
    expect(await handle.run()).toMatchObject({ status: 'cancelled', held: false });
  });

  test('that a shutdown breaks off while its data is being checked runs after the next start', async () => {
    const { clock, scheduler, events } = await startedStage();
    let letGo: () => void = () => undefined;
    let isHeld = false;
    const schema = schemaOf<number>((value) => {
      if (!isHeld) return { value: value as number };
      return new Promise((resolve) => {
        letGo = () => {
          resolve({ value: 1 });
        };
      });
    });
    await scheduler.enqueue(
      defineTask('t', () => 'ran', { schema }),
      1,
      { delay: 1000 },
    );
    isHeld = true;
    await clock.advance(1000);
    const over = scheduler.shutdown({ wait: false });
    await clock.settle();
    letGo();
    await over;
    expect(events.of('run:succeeded')).toHaveLength(0);
    isHeld = false;
    await scheduler.start();
    await clock.settle();
    expect(events.of('run:succeeded')).toMatchObject([{ result: 'ran', run: { attempt: 2 } }]);
  });

  test('keeps data that cannot be JSON out, whatever the schema says', async () => {
    const { scheduler } = stage();
    const schema = schemaOf<unknown>((value) => ({ value }));
    await expect(
      scheduler.enqueue(
        defineTask('t', () => 1, { schema }),
        1n,
      ),
    ).rejects.toThrow(InvalidDataError);
  });
});
