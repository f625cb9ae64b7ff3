import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqlJobStore } from 'escapement/stores/sql';
import { afterEach, describe } from 'vitest';
import { describeOnServer } from '../../../support/servers/describe-on-server.js';
import { dropTables, freshPrefix } from '../../../support/servers/fresh-names.js';
import { SqlSession } from '../../../support/sql-session.js';

/** Is a place for the tables of one test. */
export interface SqlPlace {
  readonly tablePrefix: string;
  /** Makes a store in it, which is not open. */
  store(): SqlJobStore;
  /** Runs a statement past the library. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

/** Describes what holds on SQLite, PostgreSQL and MySQL or MariaDB alike; each test asks for a place of its own. */
export async function onEveryEngine(
  title: string,
  suite: (aPlace: () => Promise<SqlPlace>) => void,
): Promise<void> {
  describe(`${title}, on SQLite`, () => {
    suite(
      placesFor('sqlite', async () => {
        const folder = await mkdtemp(join(tmpdir(), 'escapement-sqlite-'));
        return { at: join(folder, 'jobs.db'), dispose: () => rm(folder, { recursive: true }) };
      }),
    );
  });
  for (const engine of ['postgres', 'mysql'] as const) {
    const name = engine === 'postgres' ? 'PostgreSQL' : 'MySQL or MariaDB';
    await describeOnServer(engine, `${title}, on ${name}`, (url) => {
      suite(placesFor(engine, async (prefix) => ({ at: url, dispose: () => dropTables(url, prefix) })));
    });
  }
}

function placesFor(
  engine: 'sqlite' | 'postgres' | 'mysql',
  find: (tablePrefix: string) => Promise<{ at: string; dispose(): Promise<void> }>,
): () => Promise<SqlPlace> {
  const disposals: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const dispose of disposals.splice(0).reverse()) await dispose();
  });
  return async () => {
    const tablePrefix = freshPrefix();
    const { at, dispose } = await find(tablePrefix);
    disposals.push(dispose);
    let session: SqlSession | null = null;
    disposals.push(async () => session?.[Symbol.asyncDispose]());
    return {
      tablePrefix,
      store: () => SqlJobStore[engine](at, { tablePrefix }),
      query: async (sql) => {
        session ??= await SqlSession.to(engine, at);
        return session.query(sql);
      },
    };
  };
}
