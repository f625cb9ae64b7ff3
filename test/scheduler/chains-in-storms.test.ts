import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SchedulerError, all, chain } from '../../src/index.js';
import type { AnyTask, RunContext, Task } from '../../src/index.js';
import { moving } from '../support/stage.js';
import { ChainFleet } from './steps/support/chain-fleet.js';
import type { Member } from './steps/support/chain-fleet.js';
import { findBreaches } from './steps/support/find-breaches.js';

/** Is a step with a handler: how long that takes, how many of its attempts fail, how many it has, and whether it has a fallback. */
interface Leaf {
  readonly kind: 'leaf';
  readonly ms: number;
  readonly failures: number;
  readonly attempts: number;
  readonly hasFallback: boolean;
}

/** Is a step that has steps. */
interface Branch {
  readonly kind: 'chain' | 'all';
  readonly parts: readonly Shape[];
  readonly hasOnFailure: boolean;
}

type Shape = Leaf | Branch;

const leaf: fc.Arbitrary<Leaf> = fc.record({
  kind: fc.constant('leaf'),
  ms: fc.constantFrom(0, 0, 700, 3000),
  failures: fc.constantFrom(0, 0, 0, 0, 1, 9),
  attempts: fc.constantFrom(1, 1, 3),
  hasFallback: fc.boolean(),
});

function branchOf(part: fc.Arbitrary<Shape>): fc.Arbitrary<Branch> {
  return fc.record({
    kind: fc.constantFrom('chain', 'all'),
    parts: fc.array(part, { minLength: 1, maxLength: 3 }),
    hasOnFailure: fc.boolean(),
  });
}

const whole = branchOf(fc.oneof({ arbitrary: leaf, weight: 2 }, branchOf(fc.oneof(leaf, branchOf(leaf)))));

const blow = fc.record({
  what: fc.constantFrom('lose', 'lose', 'crash', 'cancel', 'cancel a step', 'remove', 'hold', 'shut down'),
  /** Is the node at one of whose calls it is done. */
  at: fc.nat(1),
  call: fc.nat(45),
  moment: fc.constantFrom('before', 'after'),
  /** Is the node that does it. */
  by: fc.nat(1),
});

type Blow = typeof blow extends fc.Arbitrary<infer T> ? T : never;

/** Makes the task of a shape, whose handlers take their time on the fleet's clock and heed their signals. */
function taskOf(fleet: ChainFleet, shape: Shape, name: string): Task<unknown> {
  if (shape.kind !== 'leaf') {
    const parts = shape.parts.map((part, at) => taskOf(fleet, part, `${name}.${String(at)}`));
    const onFailure = shape.hasOnFailure ? { onFailure: fleet.task(`${name} failed`, () => 1) } : {};
    return (shape.kind === 'chain' ? chain : all)(parts as [Task<unknown>], { name, ...onFailure });
  }
  const { ms, failures, attempts, hasFallback } = shape;
  const handler = async ({ attempt, signal }: RunContext): Promise<string> => {
    if (ms > 0) {
      await new Promise<void>((resolve, reject) => {
        fleet.clock.setTimer(resolve, ms);
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    }
    if (attempt <= failures) throw new Error('as planned');
    return name;
  };
  const fallback = hasFallback ? { fallback: fleet.task(`${name} instead`, () => 1) } : {};
  return fleet.task(name, handler, { retry: { attempts, delay: 300 }, ...fallback });
}

/** Strikes the nodes of a fleet at their calls. */
class Storm {
  readonly #fleet: ChainFleet;
  readonly #nodes: readonly Member[];
  readonly #task: AnyTask;
  readonly #calls: Promise<unknown>[] = [];
  #crashed: Member | null = null;

  constructor(fleet: ChainFleet, nodes: readonly Member[], task: AnyTask, blows: readonly Blow[]) {
    this.#fleet = fleet;
    this.#nodes = nodes;
    this.#task = task;
    nodes.forEach((node, place) => {
      node.calls = 0;
      node.hook = async ({ at, moment }) => {
        for (const one of blows)
          if (one.at === place && one.call === at && one.moment === moment) await this.#strike(one, node);
      };
    });
  }

  /** Lets a node that was dropped come back, and waits for what was called. */
  async pass(): Promise<void> {
    if (this.#crashed !== null) {
      this.#crashed.comeBack();
      await this.#fleet.clock.advance({ minutes: 2 });
    }
    await moving(this.#fleet.clock, Promise.all(this.#calls));
  }

  async #strike({ what, by }: Blow, node: Member): Promise<void> {
    const doer = this.#nodes[by] ?? node;
    const { scheduler } = doer;
    const { items } = await this.#fleet.server.listRuns({ limit: 100 });
    const open = items.filter(
      ({ step, status }) => step !== null && (status === 'queued' || status === 'running'),
    );
    const whole = items.find(({ task }) => task === this.#task.name);
    switch (what) {
      case 'lose':
        throw new Error('The call is lost');
      case 'crash':
        if (this.#crashed !== null) return;
        this.#crashed = node;
        node.crash();
        return;
      case 'cancel':
        if (whole !== undefined) this.#call(scheduler.cancelRun(whole.id));
        return;
      case 'cancel a step':
        for (const { id } of open.slice(0, 1)) this.#call(scheduler.cancelRun(id));
        return;
      case 'remove':
        this.#call(scheduler.removeJob('job'));
        return;
      case 'hold':
        this.#call(scheduler.pause());
        this.#fleet.clock.setTimer(() => {
          this.#call(scheduler.resume());
        }, 3000);
        return;
      default:
        if (doer === this.#crashed) return;
        this.#call(scheduler.shutdown({ wait: false }));
        this.#fleet.clock.setTimer(() => {
          this.#call(scheduler.start());
        }, 5000);
    }
  }

  /** Notes a call whose answer nobody waits for; one may be refused, and may be lost. */
  #call(call: Promise<unknown>): void {
    const heard = call.catch((error: unknown) => {
      if (!(error instanceof SchedulerError)) expect(String(error)).toMatch(/lost|cut/);
    });
    this.#calls.push(heard);
  }
}

test('whatever strikes two nodes, a chain runs each step once in an attempt, skips none, and ends once', async () => {
  await fc.assert(
    fc.asyncProperty(whole, fc.array(blow, { maxLength: 6 }), async (shape, blows) => {
      const fleet = new ChainFleet();
      const task = taskOf(fleet, shape, 'whole');
      const nodes = [await fleet.join({ tasks: [task] }), await fleet.join({ tasks: [task] })] as const;
      const storm = new Storm(fleet, nodes, task, blows);
      // The call may be lost that adds the job.
      const { scheduler } = nodes[0];
      const added = scheduler.addJob(task, undefined, { id: 'job' }).then(
        () => true,
        () => false,
      );
      await moving(fleet.clock, added);
      await fleet.clock.advance({ minutes: 3 });
      await storm.pass();
      const root = (await fleet.server.listRuns({ limit: 10_000 })).items.find((run) => run.task === 'whole');
      if (root !== undefined) expect(await findBreaches(fleet, task, root.id)).toEqual([]);
      const job = await fleet.server.getJob('job');
      if (root !== undefined && job !== null) expect(job.state).toBe('finished');
      await fleet.stop();
    }),
    { numRuns: 60 },
  );
}, 60_000);
