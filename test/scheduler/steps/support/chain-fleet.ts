import { onTestFinished } from 'vitest';
import { Scheduler, defineTask } from '../../../../src/index.js';
import type { JobStore, RunContext, SchedulerOptions, Task, TaskOptions } from '../../../../src/index.js';
import { EventRecorder } from '../../../../src/testing/event-recorder.js';
import { ManualClock } from '../../../../src/testing/manual-clock.js';
import type { StoreMethod } from '../../../support/hooked-store.js';
import { RecordingLogger } from '../../../support/recording-logger.js';
import { SharedMemoryStore } from '../../../support/shared-memory-store.js';
import { START, moving } from '../../../support/stage.js';

/** Is the moment of a call at which something is done: before it has reached the store, or before its answer has come. */
export type Moment = 'before' | 'after';

/** Is called around each call of a node; what it throws, the call fails with. */
type CallHook = (call: {
  readonly method: StoreMethod;
  readonly moment: Moment;
  readonly at: number;
}) => void | Promise<void>;

/** Is a node of a fleet. */
export interface Member {
  readonly scheduler: Scheduler;
  readonly events: EventRecorder;
  readonly log: RecordingLogger;
  /** Is called around each of its calls. */
  hook: CallHook | null;
  /** Counts its calls. */
  calls: number;
  /** Drops the node as a crash does: from now on nothing that it does reaches the store. */
  crash(): void;
  /** Lets a dropped node find its store again. */
  comeBack(): void;
}

/** Is an attempt that a handler was called for. */
export interface Start {
  readonly task: string;
  readonly runId: string;
  readonly attempt: number;
}

/** Is several nodes on one store, as if that were a server, with one clock; all are stopped when the test is over. */
export class ChainFleet {
  readonly clock: ManualClock = new ManualClock(START);
  readonly server: SharedMemoryStore = new SharedMemoryStore();
  readonly members: Member[] = [];
  /** Holds the attempts that were started, in order. */
  readonly starts: Start[] = [];

  constructor() {
    onTestFinished(() => this.stop());
  }

  /** Makes a node that is not started. */
  add(options: SchedulerOptions = {}): Member {
    const state = { isCrashed: false };
    const log = new RecordingLogger();
    const hooked = this.#clientOf(
      () => member,
      () => state.isCrashed,
    );
    const scheduler = new Scheduler({
      clock: this.clock,
      logger: log,
      ...options,
      stores: { default: hooked },
    });
    const member: Member = {
      scheduler,
      events: new EventRecorder(scheduler),
      log,
      hook: null,
      calls: 0,
      crash: () => {
        state.isCrashed = true;
      },
      comeBack: () => {
        state.isCrashed = false;
      },
    };
    this.members.push(member);
    return member;
  }

  /** Makes a node and starts it. */
  async join(options: SchedulerOptions = {}): Promise<Member> {
    const member = this.add(options);
    await member.scheduler.start();
    return member;
  }

  /** Makes a task whose attempts are noted. */
  task<TResult>(
    name: string,
    handler: (context: RunContext) => TResult,
    options?: TaskOptions,
  ): Task<unknown, Awaited<TResult>> {
    return defineTask(
      name,
      (context: RunContext) => {
        this.starts.push({ task: name, runId: context.runId, attempt: context.attempt });
        return handler(context);
      },
      options,
    );
  }

  /** Names the tasks whose attempts were started, in order. */
  get started(): string[] {
    return this.starts.map(({ task }) => task);
  }

  /** Stops all nodes. */
  async stop(): Promise<void> {
    for (const member of this.members.splice(0)) {
      member.hook = null;
      member.comeBack();
      await moving(this.clock, member.scheduler.shutdown({ wait: false }));
    }
  }

  #clientOf(memberOf: () => Member, isCrashed: () => boolean): JobStore {
    return new Proxy(this.server, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        const around = async (moment: Moment, at: number): Promise<void> => {
          if (isCrashed()) throw new Error('The connection is cut');
          await memberOf().hook?.({ method: key as StoreMethod, moment, at });
          if (isCrashed()) throw new Error('The connection is cut');
        };
        return async (...args: unknown[]): Promise<unknown> => {
          const at = memberOf().calls++;
          await around('before', at);
          const answer: unknown = await Reflect.apply(value, target, args);
          await around('after', at);
          return answer;
        };
      },
    });
  }
}
