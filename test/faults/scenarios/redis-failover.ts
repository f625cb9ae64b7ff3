import { setTimeout as sleep } from 'node:timers/promises';
import { RedisSession } from '../../support/redis-session.js';
import { startServer } from '../../support/servers.js';
import { expectThat } from '../expect.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** Lets a replica have its copy at once. */
const PROMPT = { config: { 'repl-diskless-sync-delay': '0' } };

/**
 * Makes the server what its replica was some moments before, as a fail-over does: what it forgot may fire again, and all
 * goes on in order from there.
 *
 * The replica is promoted and the server made its replica, which loses what it was told since; promoted in its turn, it
 * answers at its old address.
 */
export const replicaFailover: Scenario = {
  name: 'replica-failover',
  engines: ['redis'],
  server: PROMPT,
  async run(stage) {
    const replica = await startServer('redis', PROMPT);
    stage.defer(() => replica.dispose());
    const { at } = stage.place;
    await using former = await RedisSession.to(at);
    await using latter = await RedisSession.to(replica.url);
    await follow(stage, latter, at);
    const nodes = await stage.fleet(3);
    const rounds = stage.scale(2, 15);
    await addRecurring(stage, rounds * 2500 + 2000);
    await stage.begun('job-3');
    for (let round = 0; round < rounds; round++) {
      await sleep(500);
      await latter.call('REPLICAOF', 'NO', 'ONE');
      stage.fault('the replica is promoted');
      await sleep(500);
      await follow(stage, former, replica.url);
      await former.call('REPLICAOF', 'NO', 'ONE');
      stage.fault('the server is what the replica was', 'latest');
      await follow(stage, latter, at);
    }
    await stage.settled();
    expectThat(stage.nodes.length === nodes.length, 'all processes to live');
    const resets = stage.history().filter((entry) => entry.kind === 'event' && entry.name === 'store:reset');
    expectThat(resets.length === 0, `no reset to be told of; ${resets.length} were`);
  },
};

/** Makes a server the replica of another, and waits until it has all that the other has. */
async function follow(stage: Stage, session: RedisSession, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  await session.call('REPLICAOF', hostname, port);
  const isUp = async (): Promise<boolean> =>
    String(await session.call('INFO', 'replication')).includes('master_link_status:up');
  await stage.until(isUp, 'the replica to have its copy');
}

async function addRecurring(stage: Stage, forMs: number): Promise<void> {
  const start = new Date();
  const end = new Date(start.getTime() + forMs);
  for (let nth = 0; nth < 4; nth++) {
    const trigger = { interval: { milliseconds: 200 + 50 * nth }, start, end };
    await stage.scheduler.addJob('sleep', trigger, { id: `job-${nth}`, data: { ms: 50 }, coalesce: false });
  }
}
