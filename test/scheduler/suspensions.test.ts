import { describe, expect, test } from 'vitest';
import { LeaseLostError, date, defineTask, interval } from '../../src/index.js';
import type { RunContext, Task } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { answering, gives } from '../support/answering-store.js';
import type { AnswerHook } from '../support/answering-store.js';
import type { StoreMethod } from '../support/hooked-store.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { START, startedStage } from '../support/stage.js';
import type { Stage, StageOptions } from '../support/stage.js';

const START_MS = Date.parse(START);

/** Runs until its signal aborts, and keeps what it was called with. */
function endless(): { task: Task<unknown>; contexts: RunContext[] } {
  const contexts: RunContext[] = [];
  const task = defineTask('endless', (context: RunContext) => {
    contexts.push(context);
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        reject(context.signal.reason as Error);
      });
    });
  });
  return { task, contexts };
}

interface SharedStage extends Stage {
  readonly server: SharedMemoryStore;
  readonly hooks: { before: AnswerHook | null; after: AnswerHook | null };
  /** Holds the calls that were made and the answers that came, in order. */
  readonly diary: string[];
}

async function sharedStage(options: StageOptions): Promise<SharedStage> {
  const server = new SharedMemoryStore();
  const outer = answering(server);
  const diary: string[] = [];
  const hooks: SharedStage['hooks'] = { before: null, after: null };
  outer.hooks.before = async (method, args) => {
    await hooks.before?.(method, args);
    diary.push(method);
  };
  outer.hooks.after = async (method, answer) => {
    await hooks.after?.(method, answer);
    diary.push(`${method} answered`);
  };
  return { ...(await startedStage({ ...options, stores: { default: outer.store } })), server, hooks, diary };
}

/** Holds the first answer of a method that gives something, until it is let go. */
function holding(
  hooks: SharedStage['hooks'],
  held: StoreMethod,
): { readonly isHeld: boolean; letGo(): void } {
  const answered = new Deferred<void>();
  const state = { isHeld: false, letGo: answered.resolve };
  hooks.after = async (method, answer) => {
    if (method !== held || state.isHeld || (method === 'claim' && !givesWork(answer))) return;
    state.isHeld = true;
    await answered.promise;
  };
  return state;
}

function givesWork(answer: unknown): boolean {
  return gives(answer) || (answer as { jobs: readonly unknown[] }).jobs.length > 0;
}

describe('after the machine slept for longer than the lease', () => {
  test('nothing is claimed before a heartbeat has answered', async () => {
    const { task, contexts } = endless();
    const { clock, scheduler, diary } = await sharedStage({ tasks: [task] });
    await scheduler.addJob(task, interval({ minutes: 30 }), { id: 'a' });
    await clock.settle();
    diary.length = 0;
    clock.suspend({ hours: 2 });
    await scheduler.runJob('a');
    await clock.advance(1000);
    expect(contexts.length).toBeGreaterThan(0);
    const [claimed, beaten] = [diary.indexOf('claim'), diary.indexOf('heartbeat answered')];
    expect(beaten).toBeGreaterThanOrEqual(0);
    expect(claimed).toBeGreaterThan(beaten);
  });

  test('a job that was claimed before is not committed', async () => {
    const { task } = endless();
    const { clock, scheduler, hooks, diary } = await sharedStage({ tasks: [task] });
    await scheduler.addJob(task, date(new Date(START_MS + 2000)), { id: 'a' });
    const held = holding(hooks, 'claim');
    await clock.advance(2000);
    expect(held.isHeld).toBe(true);
    diary.length = 0;
    clock.suspend({ hours: 2 });
    held.letGo();
    await clock.settle();
    expect(diary).not.toContain('commitFirings');
    expect(diary).toContain('releaseClaims');
    await clock.advance(1000);
    const [committed, beaten] = [diary.indexOf('commitFirings'), diary.indexOf('heartbeat answered')];
    expect(beaten).toBeGreaterThanOrEqual(0);
    expect(committed).toBeGreaterThan(beaten);
  });

  test.each(['commitFirings', 'claim'] as const)(
    'a run that an answer of %s brings starts once a heartbeat has told that it is ours still',
    async (method) => {
      const { task, contexts } = endless();
      const { clock, scheduler, server, hooks } = await sharedStage({ tasks: [task] });
      const held = holding(hooks, method);
      if (method === 'claim') await scheduler.enqueue(task);
      else await scheduler.addJob(task, date(new Date(START_MS + 2000)));
      await clock.advance(2000);
      expect(held.isHeld).toBe(true);
      let doesBeat = false;
      const beat = new Deferred<void>();
      hooks.before = async (called) => {
        if (called !== 'heartbeat') return;
        doesBeat = true;
        await beat.promise;
      };
      clock.suspend({ hours: 2 });
      held.letGo();
      await clock.settle();
      expect([doesBeat, contexts.length]).toEqual([true, 0]);
      beat.resolve();
      await clock.settle();
      expect(contexts).toMatchObject([{ attempt: 1 }]);
      expect((await server.listRuns({ limit: 10 })).items).toMatchObject([{ owner: scheduler.node }]);
    },
  );

  test.each(['commitFirings', 'claim'] as const)(
    'a run that an answer of %s brings is not started if another node took it meanwhile',
    async (method) => {
      const { task, contexts } = endless();
      const { clock, scheduler, server, hooks } = await sharedStage({ tasks: [task] });
      const held = holding(hooks, method);
      if (method === 'claim') await scheduler.enqueue(task);
      else await scheduler.addJob(task, date(new Date(START_MS + 2000)));
      await clock.advance(2000);
      expect(held.isHeld).toBe(true);
      clock.suspend({ hours: 2 });
      await server.recover(scheduler.node);
      const other = { node: 'other', executor: 'default', triggerKinds: new Set<string>() };
      await server.claim({ ...other, tasks: new Set(['endless']), limit: 1, claimMs: 1000 });
      held.letGo();
      await clock.advance({ seconds: 20 });
      expect(contexts).toHaveLength(0);
      expect((await server.listRuns({ limit: 10 })).items).toMatchObject([{ owner: 'other', attempt: 2 }]);
    },
  );

  test('what runs goes on if a heartbeat tells that it is ours still, as after a clock that was set', async () => {
    const { task, contexts } = endless();
    const { clock, scheduler, log } = await sharedStage({ tasks: [task] });
    await scheduler.enqueue(task);
    await clock.settle();
    clock.suspend({ hours: 1 });
    await clock.advance({ minutes: 1 });
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
    expect(log.at('error')).toEqual([]);
  });

  test('what runs is aborted within seconds if no heartbeat answers', async () => {
    const { task, contexts } = endless();
    const { clock, scheduler, hooks } = await sharedStage({ tasks: [task] });
    await scheduler.enqueue(task);
    await clock.settle();
    hooks.before = (method) => {
      if (method === 'heartbeat') throw new Error('down');
    };
    clock.suspend({ hours: 1 });
    await clock.advance({ seconds: 7 });
    expect(contexts[0]?.signal.reason).toBeInstanceOf(LeaseLostError);
  });
});
