// Shows where the time of one process goes that drains 10,000 jobs on Redis: `npx tsx bench/redis/profile.ts`, or with
// the name of a contender. A second argument names a file for a CPU profile of the drain.

import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, payloadsOf } from '../support/contender.js';
import { startServers } from '../support/servers.js';
import { CONTENDERS, loadContender, type ContenderName } from './contenders.js';
import { createKeyspace, placeOf, type Keyspace } from './keyspace.js';
import { ServerProfile } from './server-profile.js';

const JOBS = 10_000;
const SETTLE_MS = 500;

const [, , name = 'one-off jobs', profileFile] = process.argv;
if (!(name in CONTENDERS))
  throw new Error(`There is no ${name}; there are ${Object.keys(CONTENDERS).join('; ')}`);
const stopServers = await startServers(['redis']);
const keyspace = createKeyspace();
try {
  await profile(name as ContenderName, keyspace);
} finally {
  await keyspace.drop();
  await stopServers();
}

async function profile(who: ContenderName, { url, redis }: Keyspace): Promise<void> {
  const place = placeOf(url);
  const contender = await loadContender(who);
  await contender.prepare(url);
  let ran = 0;
  const worker = await contender.join(url, () => {
    ran += 1;
  });
  const producer = await contender.produce(url);
  const release = await producer.fill(payloadsOf(JOBS));
  await producer.close();
  await sleep(SETTLE_MS);
  const server = await ServerProfile.start(redis);
  const serverBefore = await server.cpuSeconds();
  const cpuBefore = process.cpuUsage();
  const profiler = new Session();
  profiler.connect();
  await profiler.post('Profiler.enable');
  if (profileFile !== undefined) await profiler.post('Profiler.start');
  const startedAt = monotonicMs();
  await Promise.all([worker.go(), release()]);
  while (ran < JOBS) await sleep(1);
  const handledMs = monotonicMs() - startedAt;
  while ((await contender.countDone(redis, place, JOBS)) < JOBS) await sleep(1);
  const ms = monotonicMs() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  if (profileFile !== undefined) {
    const { profile: samples } = await profiler.post('Profiler.stop');
    await writeFile(profileFile, JSON.stringify(samples));
  }
  const serverCpu = (await server.cpuSeconds()) - serverBefore;
  console.log(
    `${who}: ${JOBS} jobs in ${ms.toFixed(0)} ms, all handlers called after ${handledMs.toFixed(0)} ms`,
  );
  console.log(
    `processor time: node ${((user + system) / 1000).toFixed(0)} ms, server ${(serverCpu * 1000).toFixed(0)} ms`,
  );
  await server.print();
  await worker.leave();
}
