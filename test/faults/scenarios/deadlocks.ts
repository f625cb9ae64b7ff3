import { expectThat } from '../expect.js';
import { monotonicMs } from '../history/monotonic.js';
import { SqlSession } from '../../support/sql-session.js';
import type { Scenario } from '../scenario.js';

/** Locks rows in the order opposite to the library's while a fleet works: what the server breaks off is done again. */
export const deadlocks: Scenario = {
  name: 'deadlocks',
  engines: ['mysql'],
  leftOut: { redis: 'a script locks nothing, and no other goes on meanwhile' },
  async run(stage) {
    const stormMs = stage.scale(6000, 60_000);
    await stage.fleet(3);
    const start = new Date();
    const end = new Date(start.getTime() + stormMs);
    for (let nth = 0; nth < 8; nth++) {
      const trigger = { interval: { milliseconds: 150 + 20 * nth }, start, end };
      await stage.scheduler.addJob('sleep', trigger, { id: `job-${nth}`, data: { ms: 60 }, coalesce: false });
    }
    await using one = await SqlSession.to('mysql', stage.place.at);
    await using other = await SqlSession.to('mysql', stage.place.at);
    const before = await deadlocksSoFar(one);
    const endAt = monotonicMs() + stormMs;
    const { prefix } = stage.place;
    const lock = async (session: SqlSession): Promise<void> => {
      while (monotonicMs() < endAt) {
        try {
          await session.query('START TRANSACTION');
          await session.query(`SELECT id FROM ${prefix}runs WHERE status = 'running' FOR UPDATE`);
          await session.query(`SELECT id FROM ${prefix}jobs FOR UPDATE`);
          // Rows that were written make a transaction dear, and the server breaks off the cheaper one.
          await session.query(`UPDATE ${prefix}jobs SET updated_at = updated_at`);
          await session.query('COMMIT');
        } catch {
          await session.query('ROLLBACK');
        }
      }
    };
    await Promise.all([lock(one), lock(other)]);
    const broken = (await deadlocksSoFar(one)) - before;
    stage.fault(`${broken} deadlocks were broken`);
    expectThat(broken > 0, 'deadlocks');
    await stage.settled(60_000);
    const errors = stage.history().filter((entry) => entry.kind === 'event' && entry.name === 'store:error');
    expectThat(errors.length === 0, `no deadlock to be seen by a scheduler; ${errors.length} were`);
  },
};

async function deadlocksSoFar(session: SqlSession): Promise<number> {
  const [row] = await session.query(`SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'`);
  return Number(row?.['Value']);
}
