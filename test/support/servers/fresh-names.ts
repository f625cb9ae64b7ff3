import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';

/** Runs one statement, and gives its rows. */
type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Is a database of one test's own. */
export interface FreshDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** Gives a prefix for the tables of one test, that no other test has. */
export function freshPrefix(): string {
  return `t${randomBytes(6).toString('hex')}_`;
}

/** Drops the tables whose names begin with a prefix. */
export async function dropTables(url: string, prefix: string): Promise<void> {
  await using server = await connect(url);
  const schema = server.isPostgres ? 'current_schema()' : 'database()';
  const tables = await server.query(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = ${schema} AND left(table_name, ${prefix.length}) = '${prefix}'`,
  );
  if (tables.length > 0)
    await server.query(`DROP TABLE ${tables.map(({ name }) => String(name)).join(', ')}`);
}

/** Makes a database on a PostgreSQL, MySQL or MariaDB server; whoever asks drops it, connections to it included. */
export async function freshDatabase(serverUrl: string): Promise<FreshDatabase> {
  const name = `${freshPrefix()}db`;
  await run(serverUrl, () => `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  const drop = (isPostgres: boolean): string => `DROP DATABASE ${name}${isPostgres ? ' WITH (FORCE)' : ''}`;
  return { url: url.href, drop: () => run(serverUrl, drop) };
}

async function run(url: string, sql: (isPostgres: boolean) => string): Promise<void> {
  await using server = await connect(url);
  await server.query(sql(server.isPostgres));
}

async function connect(url: string): Promise<AsyncDisposable & { isPostgres: boolean; query: Query }> {
  if (url.startsWith('mysql')) {
    const connection = await createConnection({ uri: url });
    return {
      isPostgres: false,
      query: async (sql) => {
        const [rows] = await connection.query<RowDataPacket[]>(sql);
        return rows;
      },
      [Symbol.asyncDispose]: () => connection.end(),
    };
  }
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return {
    isPostgres: true,
    query: async (sql) => (await client.query<Record<string, unknown>>(sql)).rows,
    [Symbol.asyncDispose]: () => client.end(),
  };
}
