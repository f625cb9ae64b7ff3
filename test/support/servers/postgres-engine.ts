import { join } from 'node:path';
import pg from 'pg';
import { findProgram, versionFolders } from './find-program.js';
import type { ServerEngine } from './server-engine.js';

/** Runs PostgreSQL. */
export const postgresEngine: ServerEngine = {
  kind: 'postgres',
  users: ['postgres', 'nobody'],
  stopSignal: 'SIGINT',
  // Unlike SIGKILL it leaves no shared memory behind.
  discardSignal: 'SIGQUIT',

  missing: () =>
    program('initdb') === null || program('postgres') === null
      ? 'there is no `initdb` and `postgres`, neither in /usr/lib/postgresql nor on the PATH'
      : null,

  install: (folder) => ({
    file: program('initdb') ?? 'initdb',
    args: [
      ...['--pgdata', join(folder, 'data'), '--username', 'escapement', '--auth', 'trust'],
      ...['--encoding', 'UTF8', '--no-sync', '--no-instructions', ...collation()],
    ],
  }),

  run({ folder, port }, { durable, config }) {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: String(port),
      unix_socket_directories: '',
      max_connections: '200',
      // Files in the data folder go with it, even after a kill.
      dynamic_shared_memory_type: 'mmap',
      ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
      ...config,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    return { file: program('postgres') ?? 'postgres', args: ['-D', join(folder, 'data'), ...args] };
  },

  url: (port) => `postgres://escapement@127.0.0.1:${port}/postgres`,

  async probe(url) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1000 });
    client.on('error', () => {});
    await client.connect();
    await client.query('select 1');
    await client.end();
  },
};

function program(name: string): string | null {
  return findProgram(
    name,
    versionFolders('/usr/lib/postgresql').map((folder) => join(folder, 'bin')),
  );
}

/** Sorts as people do where it can, as most databases in use: a store that counts on the order of bytes is found out. */
function collation(): string[] {
  const version = /postgresql\/(\d+)/.exec(program('initdb') ?? '')?.[1];
  const hasIcu = version !== undefined && Number(version) >= 15;
  return ['--locale', 'C', ...(hasIcu ? ['--locale-provider', 'icu', '--icu-locale', 'en-US'] : [])];
}
