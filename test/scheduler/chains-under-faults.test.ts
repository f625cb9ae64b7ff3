import { describe, expect, test } from 'vitest';
import { all, chain } from '../../src/index.js';
import type { Task } from '../../src/index.js';
import { moving } from '../support/stage.js';
import { ChainFleet } from './steps/support/chain-fleet.js';
import type { Member, Moment } from './steps/support/chain-fleet.js';
import { findBreaches } from './steps/support/find-breaches.js';

/** Is the chain that is disturbed: all that a chain can be made of, and each step as quick as can be. */
function reportOf(fleet: ChainFleet, isBroken: boolean): Task<unknown> {
  const tagging = (name: string): Task<unknown> =>
    fleet.task(name, ({ previous }) => `${String(previous)} ${name}`);
  const upload = fleet.task('upload', () => Promise.reject(new Error('down')), {
    fallback: tagging('store'),
  });
  const send = fleet.task('send', () => {
    if (isBroken) throw new Error('no mail');
  });
  const files = all([tagging('pdf'), chain([tagging('csv'), tagging('zip')])]);
  return chain([tagging('fetch'), files, upload, send, tagging('tidy')], {
    name: 'report',
    onFailure: tagging('alert'),
  });
}

/** Is what is done to a node, or to what it runs, at one of its calls. */
interface Disturbance {
  /** Does it; what it gives is waited for until the end of the play. */
  readonly act: (first: Member, second: Member, rootId: () => Promise<string>) => Promise<unknown>;
  /** Says whether the call fails then. */
  readonly isCallLost: boolean;
  /** Holds the statuses in which the chain may end, if it is not to end as it would have. */
  readonly ends?: readonly string[];
}

interface Played {
  readonly calls: number;
  readonly breaches: readonly string[];
  readonly status: string | undefined;
}

/** Plays a chain on one of two nodes, and disturbs it at one call; the other node takes part from then on. */
async function play(
  isBroken: boolean,
  at: number,
  moment: Moment,
  { act, isCallLost }: Disturbance,
): Promise<Played> {
  const fleet = new ChainFleet();
  const report = reportOf(fleet, isBroken);
  const [first, second] = [fleet.add({ tasks: [report] }), fleet.add({ tasks: [report] })];
  await first.scheduler.addJob(report, undefined, { id: 'job' });
  const find = async (): Promise<string> =>
    (await fleet.server.listRuns({ limit: 100 })).items.find(({ task }) => task === 'report')?.id ?? 'none';
  const acts: Promise<unknown>[] = [];
  let isDone = false;
  first.calls = 0;
  first.hook = (call) => {
    if (isDone || call.at !== at || call.moment !== moment) return;
    isDone = true;
    acts.push(act(first, second, find));
    if (isCallLost) throw new Error('The answer is lost');
  };
  await first.scheduler.start();
  await fleet.clock.advance({ seconds: 1 });
  const { calls } = first;
  await second.scheduler.start();
  await fleet.clock.advance({ seconds: 80 });
  await moving(fleet.clock, Promise.all(acts));
  const root = await fleet.server.getRun(await find());
  const breaches = root === null ? [] : await findBreaches(fleet, report, root.id);
  const job = await fleet.server.getJob('job');
  if (root !== null && job !== null && job.state !== 'finished') breaches.push(`the job is ${job.state}`);
  await fleet.stop();
  return { calls, breaches, status: root?.status };
}

const disturbances: readonly (readonly [string, Disturbance])[] = [
  ['its node dies', { act: async (first) => first.crash(), isCallLost: true }],
  ['the call is lost', { act: async () => undefined, isCallLost: true }],
  [
    'its node is held and let go on',
    { act: ({ scheduler }) => scheduler.pause().then(() => scheduler.resume()), isCallLost: false },
  ],
  [
    'its node is shut down',
    { act: ({ scheduler }) => scheduler.shutdown({ wait: false }), isCallLost: false },
  ],
  [
    'it is cancelled there',
    {
      act: async ({ scheduler }, _second, rootId) => scheduler.cancelRun(await rootId()),
      isCallLost: false,
      ends: ['cancelled', 'succeeded', 'failed'],
    },
  ],
  [
    'it is cancelled from elsewhere, and the call is lost',
    {
      act: async (_first, { scheduler }, rootId) => scheduler.cancelRun(await rootId()),
      isCallLost: true,
      ends: ['cancelled', 'succeeded', 'failed'],
    },
  ],
  [
    'its job is removed',
    {
      act: (_first, { scheduler }) => scheduler.removeJob('job'),
      isCallLost: false,
      ends: ['succeeded', 'failed', 'cancelled', 'gone'],
    },
  ],
];

describe.each(disturbances)('a chain during which %s, at whichever call', (what, disturbance) => {
  test.each([
    ['that succeeds', false],
    ['that fails', true],
  ])(
    `%s runs each step once in an attempt, skips none, and ends once, though ${what}`,
    async (_which, isBroken) => {
      const quiet = await play(isBroken, -1, 'before', disturbance);
      expect(quiet).toMatchObject({ breaches: [], status: isBroken ? 'failed' : 'succeeded' });
      expect(quiet.calls).toBeGreaterThan(20);
      const { ends = [quiet.status] } = disturbance;
      for (let at = 0; at < quiet.calls; at++) {
        for (const moment of ['before', 'after'] as const) {
          const { breaches, status = 'gone' } = await play(isBroken, at, moment, disturbance);
          expect({ at, moment, breaches, hasEnded: ends.includes(status) }, `status ${status}`).toEqual({
            at,
            moment,
            breaches: [],
            hasEnded: true,
          });
        }
      }
    },
    60_000,
  );
});
