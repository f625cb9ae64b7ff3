// Shows what jobs cost whom that another process executes through a queue: `npx tsx bench/executors/profile.ts`, or with the
// name of a way. A second argument names a file for a CPU profile of this process; ESCAPEMENT_BENCH_NODE_OPTIONS=--cpu-prof
// makes one of the worker's.

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { Redis } from 'ioredis';
import { ServerProfile } from '../redis/server-profile.js';
import { serverUrl, startServers } from '../support/servers.js';
import { QueueContestant, WAYS, type WayName } from './queue-contestant.js';

const AT_ONCE = 100;
const WARM_UP = 2000;
const COUNT = 5000;
/** Is how many of the ticks that /proc counts in make a second. */
const TICKS = 100;

const [, , name = 'executor alone', profileFile] = process.argv;
if (!(name in WAYS)) throw new Error(`There is no ${name}; there are ${Object.keys(WAYS).join('; ')}`);
const stopServers = await startServers(['redis']);
const redis = new Redis(serverUrl('redis'));
const contestant = await QueueContestant.open(name as WayName, AT_ONCE);
await contestant.seconds(WARM_UP);

const server = await ServerProfile.start(redis);
const profiler = new Session();
profiler.connect();
await profiler.post('Profiler.enable');
if (profileFile !== undefined) await profiler.post('Profiler.start');
const before = {
  own: process.cpuUsage(),
  worker: secondsOf(contestant.workerPid),
  server: await server.cpuSeconds(),
};
const seconds = await contestant.seconds(COUNT);
const { user, system } = process.cpuUsage(before.own);
const costs = [
  (user + system) / 1e6,
  secondsOf(contestant.workerPid) - before.worker,
  (await server.cpuSeconds()) - before.server,
];
if (profileFile !== undefined) {
  const { profile } = await profiler.post('Profiler.stop');
  await writeFile(profileFile, JSON.stringify(profile));
}
const [own, ofWorker, ofServer] = costs.map((cost) => ((cost * 1e6) / COUNT).toFixed(0));
console.log(
  `${name}: ${(COUNT / seconds).toFixed(0)} runs/s, ${((seconds * 1e6) / COUNT).toFixed(0)} µs each`,
);
console.log(`processor time each: this process ${own} µs, worker ${ofWorker} µs, server ${ofServer} µs`);
await server.print();
redis.disconnect();
await contestant.close();
await stopServers();

/** Gives the processor time that another process has used. */
function secondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) / TICKS;
}
