import { describe, expect, onTestFinished, test } from 'vitest';
import { AsyncExecutor, LeaseLostError, Scheduler, defineTask } from '../../src/index.js';
import type { RunContext, Task } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { SharedMemoryStore } from '../support/shared-memory-store.js';
import { stop } from '../support/stage.js';

/** Lets time pass for which the event loop does not turn: no timer rings in it, as with SIGSTOP or a busy handler. */
class BlockableClock extends ManualClock {
  #blockedMs = 0;

  override now(): number {
    return super.now() + this.#blockedMs;
  }

  override monotonic(): number {
    return super.monotonic() + this.#blockedMs;
  }

  block(ms: number): void {
    this.#blockedMs += ms;
  }
}

interface Late {
  readonly clock: BlockableClock;
  readonly server: SharedMemoryStore;
  readonly scheduler: Scheduler;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
}

async function lateNode(tasks: readonly Task<unknown>[], concurrency = 2): Promise<Late> {
  const clock = new BlockableClock();
  const server = new SharedMemoryStore();
  const log = new RecordingLogger();
  const executors = { default: new AsyncExecutor({ concurrency }) };
  const scheduler = new Scheduler({ clock, logger: log, stores: { default: server }, executors, tasks });
  onTestFinished(() => stop({ scheduler, clock }));
  await scheduler.start();
  return { clock, server, scheduler, events: new EventRecorder(scheduler), log };
}

/** Does what other nodes do with the runs of one that they take for dead: one of them executes them again. */
function takeOver(server: SharedMemoryStore, node: string, task: string): void {
  void server.recover(node);
  const lane = { executor: 'default', tasks: new Set([task]), triggerKinds: new Set<string>() };
  void server.claim({ ...lane, node: 'other', limit: 10, claimMs: 1000 });
}

describe('a node whose event loop stood still for longer than its lease', () => {
  test('has the late end of the handler that blocked it refused, and no effect of it recorded', async () => {
    const blocks = defineTask('blocks', () => {
      clock.block(40_000);
      takeOver(server, scheduler.node, 'blocks');
      return 'late';
    });
    const { clock, server, scheduler, events, log } = await lateNode([blocks]);
    const handle = await scheduler.enqueue(blocks);
    await clock.settle();
    expect(await handle.run()).toMatchObject({ status: 'running', node: 'other', attempt: 2 });
    await clock.advance({ seconds: 25 });
    expect(events.of('run:succeeded')).toEqual([]);
    expect(log.at('warn')).toMatchObject([{ fields: { runId: handle.id } }]);
    expect(await handle.run()).toMatchObject({ status: 'running', node: 'other', attempt: 2 });
  });

  test('aborts what it ran, comes back under another id, frees its slots and goes on', async () => {
    const contexts: RunContext[] = [];
    const long = defineTask('long', (context) => {
      contexts.push(context);
      return new Promise((resolve) => {
        context.signal.addEventListener('abort', () => {
          resolve('late');
        });
      });
    });
    const quick = defineTask('quick', () => 'done');
    const { clock, server, scheduler, events } = await lateNode([long, quick], 1);
    const handle = await scheduler.enqueue(long);
    await clock.settle();
    clock.block(40_000);
    takeOver(server, scheduler.node, 'long');
    const next = await scheduler.enqueue(quick);
    await clock.advance({ seconds: 2 });
    expect(contexts).toHaveLength(1);
    expect(contexts[0]?.signal.reason).toBeInstanceOf(LeaseLostError);
    expect(await next.run()).toMatchObject({ status: 'succeeded' });
    expect((await next.run())?.node).not.toBe(scheduler.node);
    expect(events.of('run:succeeded').map(({ run }) => run.id)).toEqual([next.id]);
    expect(await handle.run()).toMatchObject({ status: 'running', node: 'other' });
    await clock.advance({ minutes: 5 });
    expect((await server.heartbeat('observer', 1)).peers).toHaveLength(1);
  });

  test('executes again what it gave up when nobody else does, though the former handler goes on', async () => {
    const attempts: number[] = [];
    const deaf = defineTask('deaf', ({ attempt }) => {
      attempts.push(attempt);
      return attempt === 1 ? new Promise(() => undefined) : 'done';
    });
    const { clock, scheduler } = await lateNode([deaf]);
    const handle = await scheduler.enqueue(deaf);
    await clock.settle();
    clock.block(40_000);
    await clock.advance({ minutes: 1 });
    expect(attempts).toEqual([1, 2]);
    expect(await handle.run()).toMatchObject({ status: 'succeeded', attempt: 2 });
  });
});

test('a node that was declared dead wrongly is back within a second of hearing it', async () => {
  const quick = defineTask('quick', () => 'done');
  const { clock, server, scheduler } = await lateNode([quick]);
  await clock.advance(9999);
  await server.recover(scheduler.node);
  await clock.advance(1000);
  const handle = await scheduler.enqueue(quick);
  await clock.settle();
  expect(await handle.run()).toMatchObject({ status: 'succeeded' });
});
