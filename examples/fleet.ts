// A fleet on one Redis: a scheduler says when, and two workers do the work. One of them is killed in the middle of a video;
// the other one does what that one had begun, and nothing is done twice. What runs in each process is in examples/fleet/.
//
//   npm run example:fleet                       starts a redis-server for itself, and stops it again
//   REDIS_URL=redis://… npm run example:fleet   on a server of yours, in keys of its own, which it removes

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Scheduler } from 'escapement';
import type { Run } from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import { startRedis } from './fleet/start-redis.js';

/** Is one process of the fleet. */
interface Member {
  readonly title: string;
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  /** Holds what it has said. */
  readonly said: string[];
}

/** Is a run that a worker has begun. */
interface Beginning {
  readonly worker: Member;
  readonly what: string;
  readonly runId: string;
}

const JOBS = 12;
const RUNS = 16;
const LIMIT_MS = 40_000;
/** Ends a process when this one has ended, in whichever way. */
const TETHER = 'data:text/javascript,process.on("disconnect",()=>process.exit(1));process.channel.unref()';

const { REDIS_URL = '' } = process.env;
const server = REDIS_URL === '' ? await startRedis() : null;
const url = server?.url ?? REDIS_URL;
const fleet = `fleet-${process.pid}-${Date.now()}`;
const startedAt = Date.now();
const members: Member[] = [];
const beginnings: Beginning[] = [];
const lines = new EventEmitter();
const limit = AbortSignal.timeout(LIMIT_MS);

try {
  await showFleet();
} finally {
  for (const { process: child } of members) child.kill('SIGKILL');
  if (server === null) await removeKeys();
  await server?.stop();
}

async function showFleet(): Promise<void> {
  console.log(
    `A scheduler and two workers share ${server === null ? 'your Redis' : 'a Redis of their own'}.\n`,
  );
  const workers = [startMember('worker A', 'worker.ts'), startMember('worker B', 'worker.ts')];
  const scheduler = startMember('scheduler', 'scheduler.ts');

  await until(() => workers.every(({ said }) => said.includes('is ready')));
  await until(() => scheduler.said.includes('video is at 50 %'));
  const victim = beginnings.find(({ what }) => what === 'encode-video of video')?.worker;
  victim?.process.kill('SIGKILL');
  say(
    '',
    `>>> ${String(victim?.title)} is killed, in the middle of the video. Its locks end 2 seconds later.`,
  );

  await until(() => scheduler.said.filter((text) => text.endsWith(' is finished')).length === JOBS);
  const survivors = members.filter((member) => member !== victim);
  for (const { process: child } of survivors) child.kill('SIGTERM');
  await Promise.all(survivors.map(({ ended }) => ended));
  await sumUp(workers, victim);
}

function startMember(title: string, file: string): Member {
  const program = fileURLToPath(new URL(`./fleet/${file}`, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, '--import', TETHER, program], {
    env: { ...process.env, REDIS_URL: url, FLEET_NAME: fleet },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const member: Member = { title, process: child, ended: once(child, 'exit'), said: [] };
  members.push(member);
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
    const [, what, runId] = /^begins (.+), run (\S+)$/.exec(text) ?? [];
    if (what !== undefined && runId !== undefined) beginnings.push({ worker: member, what, runId });
    member.said.push(text);
    say(title, what === undefined ? text : `begins ${what}`);
    lines.emit('line');
  });
  return member;
}

/** Waits until something is so, which can only change by what is said. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await once(lines, 'line', { signal: limit });
}

/** Tells what became of all runs, and by whom; the process fails unless each was done, and none twice. */
async function sumUp(workers: readonly Member[], victim: Member | undefined): Promise<void> {
  // This scheduler is never started: it fires nothing, and looks at the store.
  const onlooker = new Scheduler({ stores: { default: new RedisJobStore({ url, prefix: fleet }) } });
  const { items: runs } = await onlooker.getRuns({ limit: 1000 });
  await onlooker.shutdown();

  const tell = (title: string, ofRow: readonly Run[]): void => {
    const counts = countsOf(ofRow, workers, victim);
    console.log([title.padEnd(8), ...counts.map((count) => String(count).padStart(10))].join(''));
  };
  console.log('\njob        done by A done by B taken over  not done     twice');
  const jobs = new Set(runs.map(({ jobId }) => jobId));
  for (const job of [...jobs].sort()) {
    tell(
      String(job),
      runs.filter(({ jobId }) => jobId === job),
    );
  }
  tell('all', runs);

  const [byA = 0, byB = 0, takenOver = 0, notDone, twice] = countsOf(runs, workers, victim);
  const isWell = byA + byB === RUNS && takenOver > 0 && notDone === 0 && twice === 0;
  console.log(
    isWell ? '\nNothing is lost, and nothing was done twice.' : `\nExpected ${RUNS} runs, each done once.`,
  );
  process.exitCode = isWell ? 0 : 1;
}

/** Counts the runs done by each worker, those of them that the killed one had begun, those not done, and those done twice. */
function countsOf(runs: readonly Run[], workers: readonly Member[], victim: Member | undefined): number[] {
  // The run of a chain is none of theirs: those of its steps are.
  const ways = runs
    .map(({ id }) => beginnings.filter(({ runId }) => runId === id).map(({ worker }) => worker))
    .filter((way) => way.length > 0);
  const isTakenOver = ([first, second, third]: Member[]): boolean =>
    first === victim && second !== undefined && second !== victim && third === undefined;
  return [
    ...workers.map((worker) => ways.filter((way) => way.at(-1) === worker).length),
    ways.filter(isTakenOver).length,
    runs.filter(({ status }) => status !== 'succeeded').length,
    ways.filter((way) => way.length > 1 && !isTakenOver(way)).length,
  ];
}

/** Removes the keys of this fleet from a server that is not its own. */
async function removeKeys(): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `*${fleet}*`, count: 1000 })) {
    if ((keys as string[]).length > 0) await redis.unlink(keys as string[]);
  }
  await redis.quit();
}

function say(who: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${seconds.padStart(5)} s  ${who.padEnd(9)}  ${text}`);
}
