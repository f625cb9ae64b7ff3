// Shows where the time of one process goes that drains 10,000 jobs on PostgreSQL: `npx tsx bench/sql/profile.ts`,
// or with the name of a contender. ESCAPEMENT_BENCH_POSTGRES_URL names a server other than one of its own; where that
// has pg_stat_statements loaded, its times are shown too. A second argument names a file for a CPU profile of the drain.

import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs, payloadsOf } from '../support/contender.js';
import { CONTENDERS, loadContender, type ContenderName } from './contenders.js';
import { createDatabase, type Database } from './database.js';
import { rowOf, ServerStatistics } from './server-statistics.js';
import { startServers } from '../support/servers.js';
import { watchStatements } from './statements.js';

const JOBS = 10_000;
const SETTLE_MS = 500;

const [, , name = 'enqueued runs', profileFile] = process.argv;
if (!(name in CONTENDERS))
  throw new Error(`There is no ${name}; there are ${Object.keys(CONTENDERS).join('; ')}`);
const stopServers = await startServers(['postgres']);
const database = await createDatabase('postgres');
try {
  await profile(name as ContenderName, database);
} finally {
  await database.drop();
  await stopServers();
}

async function profile(who: ContenderName, measured: Database): Promise<void> {
  const { url } = measured;
  const statements = watchStatements();
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
  const server = await ServerStatistics.of(url);
  statements.clear();
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
  while ((await measured.count(contender.countDone(JOBS))) < JOBS) await sleep(1);
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
    `processor time: node ${((user + system) / 1000).toFixed(0)} ms, server ${(serverCpu * 1000).toFixed(0)} ms\n`,
  );
  const rows = [...statements].sort(([, a], [, b]) => b.ms - a.ms);
  console.log(
    'as this process sees it: statements, ms in all, ms each (waiting for the connection included)',
  );
  for (const [text, { count, ms: total }] of rows) {
    if (text.includes(' as done from ')) continue;
    console.log(rowOf(count, total, text));
  }
  await server.print();
  await worker.leave();
  await server.close();
}
