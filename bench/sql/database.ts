import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { serverUrl } from '../support/servers.js';

/** Names the kinds of databases. */
export type DatabaseKind = 'postgres' | 'mysql' | 'sqlite';

/** Is an empty database for one measurement. */
export interface Database {
  /** Is its URL; of SQLite, the file's path. */
  readonly url: string;
  /** Gives the one number, named `done`, that a query yields. */
  count(sql: string): Promise<number>;
  /** Removes it. */
  drop(): Promise<void>;
}

/** Makes a database. */
export function createDatabase(kind: DatabaseKind): Promise<Database> {
  const name = `escapement_bench_${randomBytes(6).toString('hex')}`;
  switch (kind) {
    case 'postgres':
      return createPostgres(name);
    case 'mysql':
      return createMysql(name);
    case 'sqlite':
      return createSqlite(name);
  }
}

/** Tells what a URL leads to. */
export function kindOf(url: string): DatabaseKind {
  if (url.startsWith('postgres')) return 'postgres';
  return url.startsWith('mysql') ? 'mysql' : 'sqlite';
}

async function createPostgres(name: string): Promise<Database> {
  const server = serverUrl('postgres');
  const url = urlOf(server, name);
  await withPostgres(server, (client) => client.query(`CREATE DATABASE ${name}`));
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    url,
    async count(sql) {
      const { rows } = await client.query<{ done: string }>(sql);
      return Number(rows[0]?.done);
    },
    async drop() {
      await client.end();
      await withPostgres(server, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function withPostgres(url: string, use: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}

async function createMysql(name: string): Promise<Database> {
  const connection = await mysql.createConnection(serverUrl('mysql'));
  await connection.query(`CREATE DATABASE ${name}`);
  await connection.query(`USE ${name}`);
  return {
    url: urlOf(serverUrl('mysql'), name),
    async count(sql) {
      const [rows] = await connection.query<mysql.RowDataPacket[]>(sql);
      return Number(rows[0]?.['done']);
    },
    async drop() {
      await connection.query(`DROP DATABASE ${name}`);
      await connection.end();
    },
  };
}

async function createSqlite(name: string): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), 'escapement-bench-'));
  const url = join(folder, `${name}.db`);
  let database: BetterSqlite3.Database | null = null;
  return {
    url,
    count(sql) {
      database ??= new BetterSqlite3(url, { readonly: true });
      return Promise.resolve((database.prepare(sql).get() as { done: number }).done);
    },
    async drop() {
      database?.close();
      await rm(folder, { recursive: true });
    },
  };
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
