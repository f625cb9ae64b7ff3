import pg from 'pg';
import { SqlJobStore } from 'escapement/stores/sql';
import { systemClock } from '../../../src/time/system-clock.js';
import { afterAll } from 'vitest';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { dropTables, freshPrefix } from '../../support/servers/fresh-names.js';
import { keepsTheContract } from '../support/keeps-the-contract.js';
import { SILENT } from '../support/silent.js';

await describeOnServer('postgres', 'the job store contract, on PostgreSQL', (url) => {
  // Each instance has connections of its own, as in processes of their own; they are made once for all cases.
  const pools = Array.from({ length: 3 }, () => new pg.Pool({ connectionString: url, max: 4 }));
  for (const pool of pools) pool.on('error', () => {});
  afterAll(() => Promise.all(pools.map((pool) => pool.end())));

  keepsTheContract(SqlJobStore.postgres(url), async () => {
    const tablePrefix = freshPrefix();
    const [first, ...others] = pools.map((pool) => SqlJobStore.postgres(pool, { tablePrefix }));
    return {
      store: first!,
      peers: others,
      context: { clock: systemClock, logger: SILENT },
      clock: null,
      dispose: () => dropTables(url, tablePrefix),
    };
  });
});
