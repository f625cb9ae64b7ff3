// Measures the SQL store beside other job queues on the same PostgreSQL: `npm run bench:sql`, or with `-- --json`.

import { report } from '../support/report.js';
import { startServers, type ServerName } from '../support/servers.js';
import { add } from './add.js';
import { drain, drainMysql, drainSqlite } from './drain.js';
import { idle } from './idle.js';
import { lateness } from './lateness.js';

/** Are the benchmarks that need a server, with the server. */
const NEEDS: readonly (readonly [string, ServerName])[] = [
  ...[drain, add, lateness, idle].map(({ name }) => [name, 'postgres'] as const),
  [drainMysql.name, 'mysql'],
];

await report([drain, drainSqlite, drainMysql, add, lateness, idle], (names) =>
  startServers([...new Set(NEEDS.filter(([name]) => names.has(name)).map(([, server]) => server))]),
);
