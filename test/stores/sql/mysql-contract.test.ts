import { createPool } from 'mysql2';
import { SqlJobStore } from 'escapement/stores/sql';
import { systemClock } from '../../../src/time/system-clock.js';
import { afterAll } from 'vitest';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { dropTables, freshPrefix } from '../../support/servers/fresh-names.js';
import { keepsTheContract } from '../support/keeps-the-contract.js';
import { SILENT } from '../support/silent.js';

await describeOnServer('mysql', 'the job store contract, on MySQL or MariaDB', (url) => {
  // Each instance has connections of its own, as in processes of their own; they are made once for all cases.
  const pools = Array.from({ length: 3 }, () => createPool({ uri: url, connectionLimit: 4 }));
  afterAll(() => Promise.all(pools.map((pool) => pool.promise().end())));

  keepsTheContract(SqlJobStore.mysql(url), async () => {
    const tablePrefix = freshPrefix();
    const [first, ...others] = pools.map((pool) => SqlJobStore.mysql(pool, { tablePrefix }));
    return {
      store: first!,
      peers: others,
      context: { clock: systemClock, logger: SILENT },
      clock: null,
      dispose: () => dropTables(url, tablePrefix),
    };
  });
});
