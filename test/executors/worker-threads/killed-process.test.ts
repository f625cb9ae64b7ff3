import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { SqlJobStore } from 'escapement/stores/sql';
import { Scheduler, defineTask } from '../../../src/index.js';
import { until } from '../../support/thread-stage.js';
import { within } from '../../support/within.js';

const MODULE = new URL('../../fixtures/tasks/effects.mjs', import.meta.url);
const NODE = fileURLToPath(new URL('../../fixtures/tasks/fleet-node.mjs', import.meta.url));
const LIMIT_MS = 40_000;

interface Effect {
  readonly what: 'start' | 'end';
  readonly runId: string;
  readonly attempt: number;
  readonly token: number;
  readonly pid: number;
}

async function startNode(database: string): Promise<ChildProcess> {
  const node = fork(NODE, [database], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  onTestFinished(() => void node.kill('SIGKILL'));
  await within(once(node, 'message'), 'the node', LIMIT_MS);
  return node;
}

async function effectsIn(file: string): Promise<readonly Effect[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Effect);
}

test(
  'a run in a thread of a process that is killed is run again by another, once, with a higher token; other runs run once',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-threads-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const database = join(folder, 'jobs.db');
    const file = join(folder, 'effects');
    const note = defineTask('note', { module: MODULE, export: 'note' });
    const onlooker = new Scheduler({ stores: { default: SqlJobStore.sqlite(database) } });
    onTestFinished(() => onlooker.shutdown());

    const victim = await startNode(database);
    const stuck = await onlooker.enqueue(note, { file, isStuck: true });
    await until(async () => (await effectsIn(file)).length === 1, 'the first attempt');
    await startNode(database);
    victim.kill('SIGKILL');
    const others = await Promise.all([1, 2, 3].map(() => onlooker.enqueue(note, { file, isStuck: false })));
    await until(async () => {
      const { items } = await onlooker.getRuns({ statuses: ['succeeded'] });
      return items.length === 4;
    }, 'the end of all runs');

    const all = await effectsIn(file);
    expect(all).toHaveLength(9);
    const ofStuck = all.filter(({ runId }) => runId === stuck.id);
    expect(ofStuck.map(({ what, attempt }) => [what, attempt])).toEqual([
      ['start', 1],
      ['start', 2],
      ['end', 2],
    ]);
    expect(ofStuck[0]?.pid).toBe(victim.pid);
    expect(ofStuck[1]?.pid).not.toBe(victim.pid);
    expect(ofStuck[1]?.token).toBeGreaterThan(ofStuck[0]?.token ?? Infinity);
    for (const { id } of others) {
      const effects = all.filter(({ runId }) => runId === id);
      expect(effects.map(({ what, attempt }) => [what, attempt])).toEqual([
        ['start', 1],
        ['end', 1],
      ]);
    }
  },
  LIMIT_MS,
);
