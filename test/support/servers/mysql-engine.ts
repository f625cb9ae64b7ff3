import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { findProgram } from './find-program.js';
import type { ServerEngine } from './server-engine.js';

/** Runs MariaDB. */
export const mysqlEngine: ServerEngine = {
  kind: 'mysql',
  users: ['mysql', 'nobody'],
  stopSignal: 'SIGTERM',
  discardSignal: 'SIGKILL',

  missing: () =>
    findProgram('mariadbd') === null || findProgram('mariadb-install-db') === null
      ? 'there is no `mariadbd` and `mariadb-install-db` on the PATH'
      : null,

  install: (folder) => ({
    file: findProgram('mariadb-install-db') ?? 'mariadb-install-db',
    args: [
      ...['--no-defaults', `--datadir=${join(folder, 'data')}`, '--auth-root-authentication-method=normal'],
      ...['--skip-test-db', '--skip-name-resolve', '--force'],
    ],
  }),

  run({ folder, port }, { durable, config }) {
    const init = join(folder, 'init.sql');
    // It runs before the first connection is taken.
    writeFileSync(init, 'CREATE DATABASE IF NOT EXISTS escapement;\n', { mode: 0o644 });
    const settings = {
      datadir: join(folder, 'data'),
      'bind-address': '127.0.0.1',
      port: String(port),
      socket: join(folder, 'mariadb.sock'),
      'pid-file': join(folder, 'mariadb.pid'),
      'init-file': init,
      'skip-name-resolve': 'ON',
      'character-set-server': 'utf8mb4',
      'max-connections': '200',
      ...(durable ? {} : { 'innodb-flush-log-at-trx-commit': '0', 'innodb-flush-method': 'nosync' }),
      ...config,
    };
    const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
    return { file: findProgram('mariadbd') ?? 'mariadbd', args: ['--no-defaults', ...args] };
  },

  url: (port) => `mysql://root@127.0.0.1:${port}/escapement`,

  async probe(url) {
    const connection = await createConnection({ uri: url, connectTimeout: 1000 });
    connection.on('error', () => {});
    await connection.query('select 1');
    await connection.end();
  },
};
