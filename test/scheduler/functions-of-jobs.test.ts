import { describe, expect, test } from 'vitest';
import { InvalidOptionError, MemoryJobStore, defineTask, interval } from '../../src/index.js';
import { startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

const every = interval({ minutes: 1 });

async function noting(): Promise<{ at: Stage; ran: string[]; note: (name: string) => () => void }> {
  const ran: string[] = [];
  const at = await startedStage({
    stores: { a: new MemoryJobStore(), 'a/b': new MemoryJobStore() },
  });
  const note =
    (name: string): (() => void) =>
    () => {
      ran.push(name);
    };
  return { at, ran, note };
}

describe('the function of a job', () => {
  test.each(['error', 'keep'] as const)(
    'stays when others are offered for its id at once with ifExists: %s',
    async (ifExists) => {
      const { at, ran, note } = await noting();
      const { clock, scheduler } = at;
      await scheduler.addJob(note('kept'), every, { id: 'a' });
      await Promise.allSettled(
        ['B', 'C', 'D'].map((name) => scheduler.addJob(note(name), every, { id: 'a', ifExists })),
      );
      await clock.advance({ minutes: 1 });
      expect(ran).toEqual(['kept']);
    },
  );

  test('is that of the job that was added while another of its id was being removed', async () => {
    const { at, ran, note } = await noting();
    const { clock, scheduler } = at;
    await scheduler.addJob(note('removed'), every, { id: 'a' });
    const [isRemoved, added] = await Promise.all([
      scheduler.removeJob('a'),
      scheduler.addJob(note('added'), every, { id: 'a' }),
    ]);
    expect([isRemoved, added.state]).toEqual([true, 'active']);
    await clock.advance({ minutes: 3 });
    expect(ran).toEqual(['added', 'added', 'added']);
    expect((await scheduler.getJob('a'))?.state).toBe('active');
  });

  test('is its own, however much its store and id look like those of another', async () => {
    const { at, ran, note } = await noting();
    const { clock, scheduler } = at;
    await scheduler.addJob(note('first'), every, { id: 'b/c', store: 'a' });
    await scheduler.addJob(note('second'), every, { id: 'c', store: 'a/b' });
    await clock.advance({ minutes: 1 });
    expect([...ran].sort()).toEqual(['first', 'second']);
  });
});

test('keys of enqueued runs belong to their task, however much they look alike', async () => {
  const { scheduler, clock } = await startedStage();
  const one = await scheduler.enqueue(
    defineTask('a#b', () => 'one'),
    undefined,
    { key: 'c' },
  );
  const two = await scheduler.enqueue(
    defineTask('a', () => 'two'),
    undefined,
    { key: 'b#c' },
  );
  await clock.settle();
  expect([one.created, two.created]).toEqual([true, true]);
  expect([await one.result(), await two.result()]).toEqual(['one', 'two']);
});

test('a task may not be named as if it were a plain function', () => {
  expect(() => defineTask('function:default/a', () => undefined)).toThrow(InvalidOptionError);
  expect(defineTask('functional', () => undefined).name).toBe('functional');
});
