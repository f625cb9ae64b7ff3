import { expectThat } from '../expect.js';
import type { Trap } from '../nodes/trapping-store.js';
import { ALL_ENGINES } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Is the end of a chain's own run: ids of steps have dots. */
const OWN_END = String.raw`"runId":"[^".]+","attempt":\d+,"settled":true,"outcome":\{"kind":"end"`;
const LAST_STEP_END = String.raw`"runId":"[^".]+\.2","attempt":\d+,"settled":true,"outcome":\{"kind":"end"`;

/** Is a place in the life of a chain where a node is killed, and the attempts at which its runs end in spite of that. */
interface KillPoint {
  readonly name: string;
  readonly task: 'plain' | 'doomed';
  readonly trap: Pick<Trap, 'method' | 'when'> & { readonly matching: string };
  /** Holds the attempts of the chain's run, and of its steps; that of a step that always fails has a retry. */
  readonly attempts: readonly number[];
}

const POINTS: readonly KillPoint[] = [
  // The chain's run is its dead node's, and is begun again.
  {
    name: 'chain-killed-before-await',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'before', matching: '"kind":"await"' },
    attempts: [2, 1, 1, 1],
  },
  // The first step is queued, and nobody's.
  {
    name: 'chain-killed-after-await',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'after', matching: '"kind":"await"' },
    attempts: [1, 1, 1, 1],
  },
  // A step is its dead node's, and is recovered.
  {
    name: 'chain-killed-after-step-claim',
    task: 'plain',
    trap: { method: 'claim', when: 'after', matching: String.raw`"id":"[^".]+\.1"` },
    attempts: [1, 1, 2, 1],
  },
  {
    name: 'chain-killed-before-step-end',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'before', matching: '"step":1,' },
    attempts: [1, 2, 1, 1],
  },
  // The end of a step was recorded, and the next one with it.
  {
    name: 'chain-killed-after-step-end',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'after', matching: '"step":1,' },
    attempts: [1, 1, 1, 1],
  },
  // The chain's run was given to its dead node with the end of the last step, and is recovered.
  {
    name: 'chain-killed-after-last-step-end',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'after', matching: LAST_STEP_END },
    attempts: [2, 1, 1, 1],
  },
  {
    name: 'chain-killed-before-its-end',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'before', matching: OWN_END },
    attempts: [2, 1, 1, 1],
  },
  {
    name: 'chain-killed-after-its-end',
    task: 'plain',
    trap: { method: 'finishRuns', when: 'after', matching: OWN_END },
    attempts: [1, 1, 1, 1],
  },
  // What follows its failure is committed with that, or not at all.
  {
    name: 'chain-killed-before-its-failure',
    task: 'doomed',
    trap: { method: 'finishRuns', when: 'before', matching: OWN_END },
    attempts: [2, 1, 2, 0, 0],
  },
  {
    name: 'chain-killed-after-its-failure',
    task: 'doomed',
    trap: { method: 'finishRuns', when: 'after', matching: OWN_END },
    attempts: [1, 1, 2, 0, 0],
  },
];

/** Kills a node at each place in the life of a chain: no step is left out, and none is begun that another has ended. */
export const chainKillPoints: readonly Scenario[] = POINTS.map(({ name, task, trap, attempts }) => ({
  name,
  engines: ALL_ENGINES,
  async run(stage) {
    await stage.scheduler.addJob(task, { date: new Date() }, { id: 'once' });
    const doomed = stage.spawn({ traps: [{ ...trap, then: 'kill', times: 1 }] });
    await doomed.gone();
    await stage.node();
    await stage.settled();
    await expectAttempts(stage, task, attempts);
  },
}));

/** Freezes a node for longer than its lease before it tells how a step ended, and what follows: all of that is refused. */
export const chainFrozenBeforeStepEnd: Scenario = {
  name: 'chain-frozen-before-step-end',
  engines: ALL_ENGINES,
  run: (stage) => freezeAt(stage, '"step":1,', [1, 2, 1, 1]),
};

/** Freezes a node for longer than its lease before it ends a chain: another does. */
export const chainFrozenBeforeItsEnd: Scenario = {
  name: 'chain-frozen-before-its-end',
  engines: ALL_ENGINES,
  run: (stage) => freezeAt(stage, OWN_END, [2, 1, 1, 1]),
};

/** Loses the answers to the ends of steps and chains: each is sent again, and done once. */
export const chainAnswersLost: Scenario = {
  name: 'chain-answers-lost',
  engines: ALL_ENGINES,
  async run(stage) {
    const size = stage.scale(10, 100);
    const tasks = ['nested', 'fanning-doomed'] as const;
    const lose = { method: 'finishRuns', when: 'after', then: 'lose' } as const;
    const traps = [
      { ...lose, times: 10, matching: '"kind":"await"' },
      { ...lose, times: 10, matching: '"takesParent":true' },
      { ...lose, times: 10, matching: OWN_END },
    ];
    for (let nth = 0; nth < size; nth++)
      for (const task of tasks) await stage.scheduler.enqueue(task, { ms: 10 });
    await stage.fleet(2, { traps });
    await stage.settled(60_000);
    const runs = (await stage.runs()).filter(({ parentRunId }) => parentRunId === null);
    const [succeeded, failed] = ['succeeded', 'failed'].map((end) =>
      runs.filter(({ status }) => status === end),
    );
    expectThat(
      succeeded?.length === size && failed?.length === size && runs.every(({ attempt }) => attempt === 1),
      `${size} chains to succeed and as many to fail, at their first attempts; there are ${runs.map(({ status, attempt }) => `${status} at ${attempt}`).join(', ')}`,
    );
    const again = (await stage.runs()).filter(({ recoveries }) => recoveries > 0);
    expectThat(again.length === 0, `no run to be recovered; ${again.length} were`);
  },
};

async function freezeAt(stage: Stage, matching: string, attempts: readonly number[]): Promise<void> {
  await stage.scheduler.addJob('plain', { date: new Date() }, { id: 'once' });
  const frozen = stage.spawn({
    traps: [{ method: 'finishRuns', when: 'before', then: 'freeze', times: 1, matching }],
  });
  await stage.begun('once');
  const heir = await stage.node();
  await stage.until(() => hasEnded(stage), 'the chain to end in spite of that');
  frozen.thaw();
  const isRefused = (): boolean =>
    stage
      .history()
      .some(
        (entry) =>
          entry.kind === 'answer' &&
          entry.process === frozen.name &&
          entry.finishes?.some(({ outcome }) => outcome === 'lost') === true,
      );
  await stage.until(isRefused, 'the late end to be refused');
  await stage.settled();
  await heir.shutdown();
  await expectAttempts(stage, 'plain', attempts);
}

async function hasEnded(stage: Stage): Promise<boolean> {
  const { items } = await stage.store.listRuns({ task: 'plain', statuses: ['succeeded'], limit: 1 });
  return items.length > 0;
}

/** Holds that a chain and its steps ended at these attempts, and in the way of the chain. */
async function expectAttempts(stage: Stage, task: string, attempts: readonly number[]): Promise<void> {
  const runs = await stage.runs();
  const chain = runs.find((run) => run.task === task);
  const steps = runs.filter(({ step }) => step !== null).sort((a, b) => Number(a.step) - Number(b.step));
  const seen = [chain, ...steps].map((run) => run?.attempt);
  const [status, others] = task === 'doomed' ? ['failed', 1] : ['succeeded', 0];
  expectThat(chain?.status === status, `the chain to be ${status}; it is ${String(chain?.status)}`);
  expectThat(
    seen.join() === attempts.join(),
    `the attempts to be ${attempts.join()}; they are ${seen.join()}`,
  );
  const alerts = runs.filter((run) => run.task === 'alert');
  expectThat(
    alerts.length === others && alerts.every((run) => run.status === 'succeeded' && run.attempt === 1),
    `${others} runs of onFailure; there are ${alerts.length}`,
  );
}
