import { describe, expect, test } from 'vitest';
import { date, defineTask, interval } from '../../src/index.js';
import type { FiringDecision, Heartbeat } from '../../src/index.js';
import { Deferred } from '../../src/internal/deferred.js';
import { answering, gives } from '../support/answering-store.js';
import { Gate } from '../support/gate.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { START, moving, startedStage } from '../support/stage.js';
import type { Stage } from '../support/stage.js';

const START_MS = Date.parse(START);

async function lossyStage(): Promise<
  Stage & {
    server: SharedMemoryStore;
    hooks: ReturnType<typeof answering>['hooks'];
    ran: number[];
    task: ReturnType<typeof defineTask>;
  }
> {
  const server = new SharedMemoryStore();
  const { store, hooks } = answering(server);
  const ran: number[] = [];
  const task = defineTask('note', ({ scheduledAt }) => void ran.push(scheduledAt.getTime() - START_MS));
  const made = await startedStage({ stores: { default: store }, tasks: [task] });
  return { ...made, server, hooks, ran, task };
}

describe('on a shared store', () => {
  test('a commit that lands after its node has ceased to ask for it leaks no slot: its runs are adopted', async () => {
    const { clock, scheduler, server, hooks, ran, task } = await lossyStage();
    await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
    const sent: (readonly FiringDecision[])[] = [];
    hooks.before = (method, args) => {
      if (method !== 'commitFirings') return;
      sent.push((args as [string, readonly FiringDecision[]])[1]);
      throw new Error('The connection is cut');
    };
    await clock.advance({ minutes: 1 });
    await scheduler.pause();
    expect(sent.length).toBeGreaterThan(0);
    hooks.before = null;
    const [landed] = await server.commitFirings(scheduler.node, sent[0] ?? []);
    expect(landed).toMatchObject({ outcome: 'committed', started: [{ owner: scheduler.node }] });
    await scheduler.resume();
    await clock.advance({ seconds: 25 });
    expect(ran).toEqual([60_000]);
    await clock.advance({ minutes: 2 });
    expect(ran).toEqual([60_000, 120_000, 180_000]);
    expect((await scheduler.getRuns({ statuses: ['running', 'queued'] })).items).toEqual([]);
  });

  test('a run that was adopted and has ended is not executed again when a heartbeat that is late names it still', async () => {
    const server = new SharedMemoryStore();
    const { store, hooks } = answering(server);
    const gate = new Gate();
    const task = defineTask('held', gate.handler);
    const { clock, scheduler } = await startedStage({ stores: { default: store }, tasks: [task] });
    let isLost = false;
    hooks.after = (method, answer) => {
      if (isLost || method !== 'claim' || !gives(answer)) return;
      isLost = true;
      throw new Error('The answer is lost');
    };
    await scheduler.enqueue(task);
    await clock.advance({ seconds: 25 });
    expect(gate.entered).toBe(1);
    const late = new Deferred<void>();
    let named = 0;
    hooks.after = async (method, answer) => {
      if (method !== 'heartbeat' || named > 0) return;
      named = (answer as Heartbeat).mine.length;
      await late.promise;
    };
    await clock.advance({ seconds: 10 });
    expect(named).toBe(1);
    gate.release();
    await clock.settle();
    late.resolve();
    await clock.advance({ seconds: 30 });
    expect(gate.entered).toBe(1);
    expect((await scheduler.getRuns()).items).toMatchObject([{ status: 'succeeded', attempt: 1 }]);
  });

  test('a commit whose answer is lost is done once, however often it is repeated', async () => {
    const { clock, scheduler, hooks, ran, task } = await lossyStage();
    await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
    let losses = 3;
    hooks.after = (method) => {
      if (method === 'commitFirings' && losses-- > 0) throw new Error('The answer is lost');
    };
    await clock.advance({ minutes: 3, seconds: 30 });
    expect(ran).toEqual([60_000, 120_000, 180_000]);
  });

  test('a run whose claim was not answered is adopted, even while the node has other work all the time', async () => {
    const { clock, scheduler, hooks, ran, task } = await lossyStage();
    const busy = defineTask('busy', () => undefined);
    await scheduler.addJob(busy, interval({ milliseconds: 500 }), { id: 'busy' });
    let isLost = false;
    hooks.after = (method, answer) => {
      if (method !== 'claim' || isLost || !gives(answer)) return;
      isLost = true;
      throw new Error('The answer is lost');
    };
    const handle = await scheduler.enqueue(task);
    await clock.advance({ seconds: 25 });
    expect([isLost, ran.length]).toEqual([true, 1]);
    expect(await handle.run()).toMatchObject({ status: 'succeeded', attempt: 1, held: false });
  });

  test("a job whose claim was not answered comes back by the claim's expiry", async () => {
    const { clock, scheduler, hooks, ran, task } = await lossyStage();
    await scheduler.addJob(task, date(new Date(START_MS + 1000)), { id: 'a' });
    let isLost = false;
    hooks.after = (method, answer) => {
      const { jobs = [] } = answer as { jobs?: readonly unknown[] };
      if (method !== 'claim' || isLost || jobs.length === 0) return;
      isLost = true;
      throw new Error('The answer is lost');
    };
    await clock.advance({ seconds: 30 });
    expect([isLost, ran]).toEqual([true, []]);
    await clock.advance({ seconds: 2 });
    expect(ran).toEqual([1000]);
  });

  test('an end whose answer is lost is written once', async () => {
    const { clock, scheduler, hooks, events, task } = await lossyStage();
    let losses = 2;
    hooks.after = (method) => {
      if (method === 'finishRuns' && losses-- > 0) throw new Error('The answer is lost');
    };
    await scheduler.enqueue(task);
    await clock.advance({ seconds: 5 });
    expect(events.of('run:succeeded')).toHaveLength(1);
  });

  test('an end that the store can never take holds up no other', async () => {
    const { clock, scheduler, hooks, events, task } = await lossyStage();
    const poison = await scheduler.enqueue(task);
    hooks.before = (method, args) => {
      if (method !== 'finishRuns') return;
      const [, finishes] = args as [string, readonly { runId: string }[]];
      if (finishes.some(({ runId }) => runId === poison.id)) throw new Error('The packet is too large');
    };
    const others = await Promise.all(Array.from({ length: 20 }, () => scheduler.enqueue(task)));
    await moving(clock, Promise.all(others.map((handle) => handle.result())));
    expect(events.of('run:succeeded')).toHaveLength(20);
  });
});

describe('an edit that another node makes between claim and commit', () => {
  test('has the job fire on time, and not when the dead claim expires', async () => {
    const { clock, scheduler, server, hooks, ran, task } = await lossyStage();
    const { scheduler: other } = await startedStage({ stores: { default: server }, tasks: [task] });
    await other.pause();
    await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
    let isEdited = false;
    hooks.before = async (method) => {
      if (method !== 'commitFirings' || isEdited) return;
      isEdited = true;
      await other.rescheduleJob('a', date(new Date(START_MS + 61_500)));
    };
    await clock.advance({ seconds: 62 });
    expect([isEdited, ran]).toEqual([true, [61_500]]);
  });

  test.each(['claim', 'commitFirings'] as const)(
    'so does one that this node makes while %s is under way',
    async (during) => {
      const { clock, scheduler, hooks, ran, task } = await lossyStage();
      await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
      let isEdited = false;
      hooks[during === 'claim' ? 'after' : 'before'] = async (method, value) => {
        if (method !== during || isEdited) return;
        if (during === 'claim' && (value as { jobs: readonly unknown[] }).jobs.length === 0) return;
        isEdited = true;
        await scheduler.rescheduleJob('a', date(new Date(START_MS + 61_500)));
      };
      await clock.advance({ seconds: 62 });
      expect([isEdited, ran]).toEqual([true, [61_500]]);
    },
  );

  test('commits nothing of a job that was removed and added again meanwhile', async () => {
    const { clock, scheduler, hooks, ran, task } = await lossyStage();
    await scheduler.addJob(task, interval({ minutes: 1 }), { id: 'a' });
    let isReplaced = false;
    hooks.before = async (method) => {
      if (method !== 'commitFirings' || isReplaced) return;
      isReplaced = true;
      await scheduler.removeJob('a');
      await scheduler.addJob(task, interval({ hours: 1 }), { id: 'a' });
    };
    await clock.advance({ minutes: 10 });
    expect([isReplaced, ran]).toEqual([true, []]);
    expect(await scheduler.getJob('a')).toMatchObject({ runCount: 0 });
  });
});
