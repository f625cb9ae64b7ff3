import { sql } from 'kysely';
import { systemClock } from 'escapement';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Database, nameTables } from '../../../src/stores/sql/database.js';
import { postgresConnector } from '../../../src/stores/sql/postgres/connect-postgres.js';
import { postgresDialect } from '../../../src/stores/sql/postgres/postgres-dialect.js';
import { StatementNames } from '../../../src/stores/sql/postgres/statement-names.js';
import type { Row } from '../../../src/stores/sql/row-values.js';
import { describeOnServer } from '../../support/servers/describe-on-server.js';
import { freshPrefix } from '../../support/servers/fresh-names.js';
import { SILENT } from '../support/silent.js';

/** Makes an error as the server sends it. */
function refusal(code: string, more: object = {}): Error {
  return Object.assign(new Error('no'), { code, severity: 'ERROR', ...more });
}

describe('the names of statements', () => {
  it('are the same for a text, and different for others', () => {
    const names = new StatementNames();
    const texts = Array.from({ length: 200 }, (_, at) => `select ${at}`);
    const given = texts.map((text) => names.nameOf(text));
    expect(new Set(given).size).toBe(200);
    expect(texts.map((text) => names.nameOf(text))).toEqual(given);
    expect(texts.map((text) => new StatementNames().nameOf(text))).toEqual(given);
    for (const name of given) expect(String(name).length).toBeLessThan(64);
  });

  it('are given to no more statements than a server should keep', () => {
    const names = new StatementNames();
    const given = Array.from({ length: 5000 }, (_, at) => names.nameOf(`select ${at}`));
    expect(given.filter((name) => name !== undefined)).toHaveLength(200);
    expect(names.nameOf('select 0')).toBe(given[0]);
  });

  it.each([
    ['a statement is not known', refusal('26000')],
    ['a statement is there already', refusal('42P05')],
    ['a plan is stale', refusal('0A000', { routine: 'RevalidateCachedQuery' })],
  ])('end once the server says that %s', (_what, error) => {
    const names = new StatementNames();
    names.nameOf('select 1');
    names.see(error);
    expect([names.nameOf('select 1'), names.nameOf('select 2')]).toEqual([undefined, undefined]);
  });

  it.each([
    ['a duplicate key', refusal('23505')],
    ['a deadlock', refusal('40P01')],
    ['something not supported', refusal('0A000', { routine: 'ExecSetOp' })],
    ['a lost connection', Object.assign(new Error('no'), { code: 'ECONNRESET' })],
    ['nothing', undefined],
  ])('go on after %s', (_what, error) => {
    const names = new StatementNames();
    names.see(error);
    expect(names.nameOf('select 1')).toBeTypeOf('string');
  });
});

await describeOnServer('postgres', 'statements on PostgreSQL', (url) => {
  /** Makes a database whose statements, one after another, all go over one connection of its own. */
  async function aDatabase(): Promise<{ db: Database; table: string }> {
    const connection = await postgresConnector(url, { channel: 'changes' }).connect({
      clock: systemClock,
      logger: SILENT,
    });
    onTestFinished(() => connection.close());
    const table = `${freshPrefix()}names`;
    await sql.raw(`create table ${table} (id int primary key)`).execute(connection.db);
    onTestFinished(async () => {
      await sql.raw(`drop table ${table}`).execute(connection.db);
    });
    const tables = nameTables(postgresDialect, null, 'unused_');
    return { db: new Database(connection.db, postgresDialect, tables, systemClock), table };
  }

  /** Counts the statements that the connection knows by a name of ours. */
  async function named({ session }: Database): Promise<number> {
    const { rows } = await sql<{ count: number }>`
      select count(*)::int as count from pg_prepared_statements where name like 'escapement_%'`.execute(
      session,
    );
    return rows[0]?.count ?? NaN;
  }

  it('are prepared once under a name', async () => {
    const { db, table } = await aDatabase();
    for (let id = 0; id < 3; id++)
      await db.transaction((session) => sql`insert into ${sql.table(table)} values (${id})`.execute(session));
    expect(await named(db)).toBe(1);
  });

  it('are repeated without a name, the whole transaction with them, when the server has forgotten it', async () => {
    const { db, table } = await aDatabase();
    let attempts = 0;
    const insert = (first: number): Promise<unknown> =>
      db.transaction(async (session) => {
        attempts++;
        for (const id of [first, first + 1])
          await sql`insert into ${sql.table(table)} values (${id})`.execute(session);
      });
    await insert(1);
    await sql`deallocate all`.execute(db.session);
    expect(await named(db)).toBe(0);
    attempts = 0;
    await insert(3);
    expect(attempts).toBe(2);
    expect(await idsIn(db, table)).toEqual([1, 2, 3, 4]);
    await insert(5);
    expect(await named(db)).toBe(0);
  });

  it('are repeated without a name when another session has taken the name, as behind a pooler', async () => {
    const { db, table } = await aDatabase();
    const text = `insert into "${table}" values ($1)`;
    const name = new StatementNames().nameOf(text);
    await sql.raw(`prepare ${String(name)} (int) as select $1`).execute(db.session);
    await db.transaction((session) => sql`insert into ${sql.table(table)} values (${1})`.execute(session));
    expect(await idsIn(db, table)).toEqual([1]);
  });

  it('are repeated without a name when a table has another column than when they were planned', async () => {
    for (const isAlone of [true, false]) {
      const { db, table } = await aDatabase();
      const read = (): Promise<readonly Row[]> => {
        const select = sql`select * from ${sql.table(table)} where id > ${0}`;
        return isAlone ? db.read(db.session, select) : db.transaction((session) => db.read(session, select));
      };
      await sql.raw(`insert into ${table} values (1)`).execute(db.session);
      // The server keeps a plan from the first time on: it is the rows' form that must not change.
      expect(await read()).toEqual([{ id: 1 }]);
      expect(await named(db)).toBe(1);
      await sql.raw(`alter table ${table} add column more int default 5`).execute(db.session);
      expect(await read()).toEqual([{ id: 1, more: 5 }]);
      await sql.raw(`alter table ${table} add column most int default 6`).execute(db.session);
      expect(await read()).toEqual([{ id: 1, more: 5, most: 6 }]);
    }
  });
});

async function idsIn({ session }: Database, table: string): Promise<unknown[]> {
  const { rows } = await sql<{ id: number }>`select id from ${sql.table(table)} order by id`.execute(session);
  return rows.map(({ id }) => id);
}
