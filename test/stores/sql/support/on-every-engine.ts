import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqlJobStore } from 'escapement/stores/sql';
import type { SqlDialectName, SqlJobStoreOptions } from 'escapement/stores/sql';
import { describe, onTestFinished } from 'vitest';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { dropTables, freshPrefix } from '../../../support/servers/fresh-names.js';
import { SqlSession } from '../../../support/sql-session.js';

/** Is a place for the tables of one test. */
export interface SqlPlace {
  readonly engine: SqlDialectName;
  /** Is a URL, or the path of a SQLite file. */
  readonly at: string;
  readonly tablePrefix: string;
  /** Makes a store in it, which is not open. */
  store(options?: SqlJobStoreOptions): SqlJobStore;
  /** Runs a statement past the library. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Is the tests of a suite, given the way to a place. */
type SqlSuite = (aPlace: () => Promise<SqlPlace>) => void;

/** Describes what holds on SQLite, PostgreSQL and MySQL or MariaDB alike; each test asks for a place of its own. */
export async function onEveryEngine(title: string, suite: SqlSuite): Promise<void> {
  await onEngines(['sqlite', 'postgres', 'mysql'], title, suite);
}

/** Describes what holds on some engines; each test asks for a place of its own. */
export async function onEngines(
  engines: readonly SqlDialectName[],
  title: string,
  suite: SqlSuite,
): Promise<void> {
  if (engines.includes('sqlite')) {
    describe(`${title}, on SQLite`, () => {
      suite(
        placesFor('sqlite', async () => {
          const folder = await mkdtemp(join(tmpdir(), 'escapement-sqlite-'));
          return { at: join(folder, 'jobs.db'), dispose: () => rm(folder, { recursive: true }) };
        }),
      );
    });
  }
  for (const engine of engines) {
    if (engine === 'sqlite') continue;
    const name = engine === 'postgres' ? 'PostgreSQL' : 'MySQL or MariaDB';
    await describeOnServer(engine, `${title}, on ${name}`, (url) => {
      suite(placesFor(engine, async (prefix) => ({ at: url, dispose: () => dropTables(url, prefix) })));
    });
  }
}

function placesFor(
  engine: SqlDialectName,
  find: (tablePrefix: string) => Promise<{ at: string; dispose(): Promise<void> }>,
): () => Promise<SqlPlace> {
  return async () => {
    const tablePrefix = freshPrefix();
    const { at, dispose } = await find(tablePrefix);
    // What a test asks for later is over before it: the last comes first.
    onTestFinished(dispose);
    let session: SqlSession | null = null;
    onTestFinished(async () => session?.[Symbol.asyncDispose]());
    return {
      engine,
      at,
      tablePrefix,
      store: (options) => SqlJobStore[engine](at, { tablePrefix, ...options }),
      query: async (sql) => {
        session ??= await SqlSession.to(engine, at);
        return session.query(sql);
      },
    };
  };
}
