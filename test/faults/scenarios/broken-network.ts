import { setTimeout as sleep } from 'node:timers/promises';
import { RedisSession } from '../../support/redis-session.js';
import { SqlSession } from '../../support/sql-session.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { within } from '../../support/within.js';
import { expectOneRun, expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import type { StorePlace } from '../nodes/node-config.js';
import { SERVERS } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Lets a node's connections swallow all bytes: it gives up in time, another takes over, and it comes back. */
export const halfOpen: Scenario = {
  name: 'half-open',
  engines: SERVERS,
  async run(stage) {
    const proxy = await proxyTo(stage);
    const cutOff = await stage.node({ place: { ...stage.place, at: proxy.url } });
    const heir = await stage.node({ isStarted: false });
    await stage.scheduler.addJob('sleep', { date: new Date() }, { id: 'once', data: { ms: 2000 } });
    await stage.begun('once');
    stage.fault(`the connections of ${cutOff.name} swallow all bytes`);
    proxy.swallow();
    await heir.call('start');
    await stage.begun('once', 2);
    await sleep(stage.scale(2000, 60_000));
    stage.fault(`the network of ${cutOff.name} is sound again`);
    proxy.heal();
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 2);
    await heir.shutdown();
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'afterwards' });
    await stage.begun('afterwards', 1, 30_000);
    await stage.settled();
  },
};

/** Cuts a node's connection at its commits, in turns before the server has got it and after it has answered. */
export const cutAtCommit: Scenario = {
  name: 'cut-at-commit',
  engines: SERVERS,
  async run(stage) {
    const proxy = await proxyTo(stage);
    const node = await stage.node({ place: { ...stage.place, at: proxy.url } });
    await stage.node();
    const cuts = stage.scale(16, 200);
    const start = new Date();
    const end = new Date(start.getTime() + 1000 + cuts * 350);
    for (let nth = 0; nth < 4; nth++) {
      const trigger = { interval: { milliseconds: 200 + nth * 50 }, start, end };
      await stage.scheduler.addJob('noop', trigger, { id: `job-${nth}`, coalesce: false });
    }
    let made = 0;
    for (let nth = 0; nth < cuts; nth++) {
      const when = nth % 2 === 0 ? 'before' : 'after';
      const cut = proxy.cutOn(isCommit, when).then(() => {
        made++;
        stage.fault(`the connection of ${node.name} was cut ${when} a commit`);
      });
      await Promise.race([cut, sleep(300)]);
    }
    proxy.heal();
    await stage.settled(40_000);
    // A connection that keeps breaking is made anew after pauses that grow, and on Redis it is the only one.
    const least = stage.place.engine === 'redis' ? cuts / 4 : cuts / 2;
    expectThat(made >= least, `at least ${least} cuts at a commit; there were ${made}`);
  },
};

/** Cuts a connection whose commit is held up, and lets it land once the node has asked about it: nothing is leaked. */
export const lateCommit: Scenario = {
  name: 'late-commit',
  engines: SERVERS,
  async run(stage) {
    const proxy = await proxyTo(stage);
    await stage.scheduler.addJob('noop', { date: new Date() }, { id: 'once' });
    await (stage.place.engine === 'redis' ? holdCommitUp(stage, proxy) : lockCommitOut(stage, proxy));
    await stage.settled();
    expectOneRun(await stage.runs(), 'once', 'succeeded', 1);
  },
};

/** Ends the connections that listen for changes: the nodes listen again, and lose nothing meanwhile. */
export const listenerKilled: Scenario = {
  name: 'listener-killed',
  engines: ['postgres', 'redis'],
  async run(stage) {
    // Without hints, a job would wait for the next look at the store.
    await stage.node({ options: { backstop: 4000 } });
    for (let round = 0; round < stage.scale(2, 10); round++) {
      const killed = await endListeners(stage.place);
      expectThat(killed > 0, 'a connection that listens');
      stage.fault(`${killed} connections that listen were ended`);
      await stage.scheduler.addJob('noop', undefined, { id: `at-once-${round}` });
      await stage.begun(`at-once-${round}`, 1, 6000);
      await sleep(3000);
      const addedAt = monotonicMs();
      await stage.scheduler.addJob('noop', undefined, { id: `later-${round}` });
      await stage.begun(`later-${round}`, 1, 6000);
      const start = stage
        .history()
        .find((entry) => entry.kind === 'effect:start' && entry.jobId === `later-${round}`);
      const lateMs = (start?.at ?? Infinity) - addedAt;
      expectThat(lateMs < 500, `a hint to be heard again; the job started after ${lateMs} ms`);
    }
    await stage.settled();
  },
};

async function proxyTo(stage: Stage): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(stage.place.at);
  stage.defer(() => proxy.close());
  return proxy;
}

/** Locks the job's row against a commit, cuts the connection, and frees the row. */
async function lockCommitOut(stage: Stage, proxy: TcpProxy): Promise<void> {
  await using session = await sqlSessionOf(stage.place);
  // Between claim and commit there is time to lock the row; a claim would pass over a locked one.
  await stage.node({
    place: { ...stage.place, at: proxy.url },
    options: { claimTimeout: 30_000 },
    traps: [{ method: 'commitFirings', when: 'before', then: 1000, times: 1 }],
  });
  const hasClaimed = (): boolean =>
    stage.history().some((entry) => entry.kind === 'answer' && entry.method === 'claim');
  await stage.until(hasClaimed, 'the claim');
  await session.query('BEGIN');
  await session.query(`SELECT * FROM ${stage.place.prefix}jobs FOR UPDATE`);
  await sleep(1500);
  stage.fault('the connections are cut while a commit waits for a lock');
  proxy.cut();
  await sleep(1500);
  stage.fault('the lock is free');
  await session.query('COMMIT');
}

/** Cuts the connection while a commit is on its way, and delivers that later. */
async function holdCommitUp(stage: Stage, proxy: TcpProxy): Promise<void> {
  const holding = proxy.holdOn(isCommit);
  await stage.node({ place: { ...stage.place, at: proxy.url }, options: { claimTimeout: 30_000 } });
  const held = await within(holding, 'the commit', 15_000);
  stage.fault('the connection is cut while a commit is on its way');
  await sleep(1500);
  await held.deliver();
  stage.fault('the commit has arrived');
}

/** Ends the connections that listen for changes, and gives how many there were. */
async function endListeners(place: StorePlace): Promise<number> {
  if (place.engine === 'redis') {
    await using session = await RedisSession.to(place.at);
    return Number(await session.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
  }
  await using session = await sqlSessionOf(place);
  const killed = await session.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ~* '^(un)?listen |^select 1$'`,
  );
  return killed.length;
}

async function sqlSessionOf({ engine, at }: StorePlace): Promise<SqlSession> {
  if (engine === 'redis') throw new Error('Expected a database');
  return SqlSession.to(engine, at);
}

/**
 * Tells whether a message is a commit: a COMMIT, in the text protocols of the databases, or on Redis the call of a
 * script with the key that a fire time has.
 */
function isCommit(bytes: Buffer): boolean {
  return /commit|evalsha[^]*@\d{13}\b/i.test(bytes.toString('latin1'));
}
