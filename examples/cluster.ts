// A fleet: three processes share one store, and each fire time runs in one of them. One process is killed in the middle
// of a run; the others go on, and one of them takes that run over. What each process runs is examples/cluster/node.ts.
//
//   npm run example:cluster                      on a SQLite file in a temporary folder
//   npm run example:cluster -- postgres://…      on PostgreSQL; DATABASE_URL is taken too

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { EventEmitter, on, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Scheduler } from 'escapement';
import type { Job } from 'escapement';
import { openStore } from './cluster/open-store.js';

/** Is one process of the fleet. */
interface Member {
  readonly name: string;
  readonly process: ChildProcess;
  /** Is the id of its scheduler's node; empty until it has told. */
  node: string;
}

const folder = await mkdtemp(join(tmpdir(), 'escapement-cluster-'));
const [, , url = process.env['DATABASE_URL'] ?? ''] = process.argv;
const place = url === '' ? join(folder, 'jobs.db') : url;

// This scheduler is never started: it fires nothing, and looks after the store before and after.
const onlooker = new Scheduler({ stores: { default: openStore(place) } });
await onlooker.removeAllJobs();

const startedAt = Date.now();
const lines = new EventEmitter();
console.log(`Three processes share one store, ${url === '' ? place : 'on PostgreSQL'}.\n`);
const members = ['A', 'B', 'C'].map(startMember);
process.once('exit', () => {
  for (const { process: child } of members) child.kill('SIGKILL');
});

// Whoever begins the report is killed half-way through it, and cannot clean up.
const victim = await whoSays('begins the report');
await sleep(1500);
victim.process.kill('SIGKILL');
say(
  '   ',
  `>>> ${victim.name} is killed, in the middle of the report. Its lease is over 3 seconds after its last heartbeat.`,
);

const heir = await whoSays('has made the report');
say('   ', `>>> ${heir.name} has made the report that ${victim.name} began.`);
await sleep(2000);

const survivors = members.filter((member) => member !== victim);
for (const { process: child } of survivors) child.kill('SIGTERM');
await Promise.all(survivors.map(({ process: child }) => once(child, 'exit')));

await sumUp();
await rm(folder, { recursive: true });

function startMember(name: string): Member {
  const program = fileURLToPath(new URL('./cluster/node.ts', import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program, place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const member: Member = { name, process: child, node: '' };
  createInterface(child.stdout).on('line', (text) => {
    member.node ||= /^is up as node (\S+)$/.exec(text)?.[1] ?? '';
    say(name, text);
    lines.emit('line', member, text);
  });
  return member;
}

/** Waits until a process says something, and gives that process. */
async function whoSays(what: string): Promise<Member> {
  for await (const [member, text] of on(lines, 'line', { signal: AbortSignal.timeout(25_000) })) {
    if ((text as string).startsWith(what)) return member as Member;
  }
  throw new Error(`Nobody said "${what}".`);
}

/** Tells from the store what became of every fire time. */
async function sumUp(): Promise<void> {
  const { items: jobs } = await onlooker.getJobs({ states: ['active', 'finished'] });
  console.log('\njob       fire times  ran in A  ran in B  ran in C  coalesced  skipped  ran twice');
  for (const job of jobs) console.log(await rowOf(job));
}

async function rowOf({ id, createdAt, coalesced, skipped }: Job): Promise<string> {
  const { items } = await onlooker.getRuns({ jobId: id, statuses: ['succeeded'] });
  const runs = items.filter((run) => run.createdAt >= createdAt);
  const fireTimes = new Set(runs.map(({ scheduledAt }) => scheduledAt.getTime()));
  const cells = [
    fireTimes.size + coalesced.total + skipped.total,
    ...members.map(({ node }) => runs.filter((run) => run.node === node).length),
    coalesced.total,
    skipped.total,
    runs.length - fireTimes.size,
  ];
  const widths = [10, 8, 8, 8, 9, 7, 9];
  return [id.padEnd(8), ...cells.map((cell, at) => String(cell).padStart(widths[at] ?? 0))].join('  ');
}

function say(who: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${seconds.padStart(5)} s  ${who.padEnd(3)}  ${text}`);
}
