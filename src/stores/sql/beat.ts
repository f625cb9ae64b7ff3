import { sql } from 'kysely';
import type { Heartbeat, Peer } from '../job-store.js';
import type { Database } from './database.js';
import { readInteger, readText } from './row-values.js';
import type { Row } from './row-values.js';
import { rowWriter } from './row-writer.js';
import type { RowWriter } from './row-writer.js';
import { decodeRun } from './run-row.js';

/** Says that a node lives, as {@link JobStore.heartbeat} says. */
export async function beat(db: Database, node: string, leaseMs: number): Promise<Heartbeat> {
  const { nodes, runs } = db.tables;
  return db.transaction(async (session) => {
    const now = await db.readNow(session);
    const leaseUntil = now + leaseMs;
    const { numAffectedRows } = await sql`update ${nodes.sql}
      set sequence = sequence + 1, lease_until = ${leaseUntil} where node = ${node}`.execute(session);
    const alive = numAffectedRows === 1n;
    if (!alive) await db.insert(session, nodes, wholeNode, [{ node, sequence: 1, leaseUntil }]);
    const mine = await db.read(
      session,
      sql`select * from ${runs.sql} where owner = ${node} and held = 1 order by id`,
    );
    const peers = await db.read(
      session,
      sql`select node, sequence, lease_until from ${nodes.sql} where node <> ${node}
        union all select distinct r.owner, 0, ${db.now} from ${runs.sql} as r
          where r.held = 1 and r.owner <> ${node}
          and not exists (select 1 from ${nodes.sql} as n where n.node = r.owner)
        order by node`,
    );
    return { now, alive, mine: mine.map(decodeRun), peers: peers.map(decodePeer) };
  });
}

const wholeNode: RowWriter<Peer> = rowWriter<Peer>(
  ['node', ({ node }) => node],
  [
    ['sequence', ({ sequence }) => sequence],
    ['lease_until', ({ leaseUntil }) => leaseUntil],
  ],
);

function decodePeer(row: Row): Peer {
  return {
    node: readText(row['node']),
    sequence: readInteger(row['sequence']),
    leaseUntil: readInteger(row['lease_until']),
  };
}
