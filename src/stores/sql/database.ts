import { sql } from 'kysely';
import type { CompiledQuery, Kysely, RawBuilder } from 'kysely';
import type { Clock } from '../../time/clock.js';
import { sleep } from '../../time/long-timer.js';
import { systemClock } from '../../time/system-clock.js';
import type { NamedTable, SqlDialect } from './dialect.js';
import { readStoreNow } from './row-values.js';
import type { Row } from './row-values.js';
import type { RowWriter } from './row-writer.js';
import { columnsOf, JOBS, META, NODES, PERMITS, RUNS } from './tables.js';
import type { Table } from './tables.js';

/** Runs statements: the pool outside of a transaction, one connection inside. */
export type Session = Kysely<unknown>;

/** Names the tables of a store. */
export interface TableNames {
  /** Is the table of jobs. */
  readonly jobs: NamedTable;
  /** Is the table of runs. */
  readonly runs: NamedTable;
  /** Is the table of nodes. */
  readonly nodes: NamedTable;
  /** Is the table of what holds for the whole store. */
  readonly meta: NamedTable;
  /** Is the table of permits. */
  readonly permits: NamedTable;
}

/** Is how often a transaction is tried that others get in the way of. */
const MAX_ATTEMPTS = 60;
/** Is how often a transaction is tried whose row is refused for its key: each time it sees the row that was there first. */
const MAX_ATTEMPTS_FOR_A_KEY = 20;
const MIN_PAUSE_MS = 2;
const MAX_PAUSE_MS = 250;

/** Is the database of a store: its dialect, its tables, and the ways to read, write and be atomic. */
export class Database {
  /** Runs statements, each by itself. */
  readonly session: Session;
  /** Is the SQL of the database. */
  readonly dialect: SqlDialect;
  /** Names the tables. */
  readonly tables: TableNames;
  readonly #clock: Clock;

  /** Makes it; nothing is sent. */
  constructor(session: Session, dialect: SqlDialect, tables: TableNames, clock: Clock) {
    this.session = session;
    this.dialect = dialect;
    this.tables = tables;
    this.#clock = clock;
  }

  /** Is the database's time, as a part of a statement. */
  get now(): RawBuilder<number> {
    return this.dialect.now(this.#clock);
  }

  /**
   * Does something whole or not at all, and again from the beginning when another transaction gets in its way: by a
   * deadlock, a lock not had in time, or a row with the same key that came in between.
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#retrying(() => this.session.connection().execute((session) => this.#attempt(session, work)));
  }

  /** Runs a single statement that writes, and again when another transaction gets in its way. */
  async write(statement: RawBuilder<unknown>): Promise<void> {
    await this.#retrying(() => statement.execute(this.session));
  }

  /** Runs a statement and gives its rows. */
  async read(session: Session, statement: RawBuilder<unknown>): Promise<readonly Row[]> {
    const read = async (): Promise<readonly Row[]> => {
      const { rows } = await (statement as RawBuilder<Row>).execute(session);
      return rows;
    };
    return session === this.session ? this.#retrying(read) : read();
  }

  /** Gives the database's time. */
  async readNow(session: Session): Promise<number> {
    return readStoreNow(await this.read(session, sql`select ${this.now} as store_now`));
  }

  /** Inserts records as rows. */
  async insert<T>(
    session: Session,
    target: NamedTable,
    writer: RowWriter<T>,
    records: readonly T[],
  ): Promise<void> {
    for (const query of this.#inserting(target, writer, records)) await session.executeQuery(query);
  }

  /** Inserts records by themselves, all or none; `false`: none, because a row has the key of one of them. */
  async insertAlone<T>(target: NamedTable, writer: RowWriter<T>, records: readonly T[]): Promise<boolean> {
    const queries = [...this.#inserting(target, writer, records)];
    const insert = async (session: Session): Promise<void> => {
      for (const query of queries) await session.executeQuery(query);
    };
    try {
      // A statement is a transaction by itself.
      const work = (): Promise<void> =>
        queries.length === 1 ? insert(this.session) : this.#inTransaction(insert);
      await this.#retrying(work, 1);
      return true;
    } catch (error) {
      if (this.dialect.isUniqueViolation(error)) return false;
      throw error;
    }
  }

  /** Writes columns of records whose rows are there. */
  async update<T>(
    session: Session,
    target: NamedTable,
    writer: RowWriter<T>,
    records: readonly T[],
  ): Promise<void> {
    const rows = records.map((record) => writer.write(record));
    const columns = columnsOf(target.table, writer.columns);
    for (const query of this.dialect.update(target, columns, rows)) await session.executeQuery(query);
  }

  #inserting<T>(target: NamedTable, writer: RowWriter<T>, records: readonly T[]): Iterable<CompiledQuery> {
    const rows = records.map((record) => writer.write(record));
    return this.dialect.insert(target, columnsOf(target.table, writer.columns), rows);
  }

  async #retrying<T>(work: () => Promise<T>, attemptsForAKey: number = MAX_ATTEMPTS_FOR_A_KEY): Promise<T> {
    let refusals = 0;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const isOfKey = this.dialect.isUniqueViolation(error);
        if (!isOfKey && !this.dialect.isRetryable(error)) throw error;
        // Counted by themselves: a deadlock before it is no sign that the key will be refused again.
        if (isOfKey) refusals++;
        if (refusals >= attemptsForAKey || attempt >= MAX_ATTEMPTS) throw error;
      }
      // A timer alone would let a process end that waits for nothing but this.
      const letGo = systemClock.holdOpen();
      const pause = Math.min(MAX_PAUSE_MS, MIN_PAUSE_MS * 2 ** Math.min(attempt, 10));
      await sleep(systemClock, pause * (0.5 + Math.random() / 2));
      letGo();
    }
  }

  async #inTransaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.session.connection().execute((session) => this.#attempt(session, work));
  }

  async #attempt<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
    try {
      for (const begin of this.dialect.begin) await begin.execute(session);
      const result = await work(session);
      await sql`commit`.execute(session);
      return result;
    } catch (error) {
      try {
        await sql`rollback`.execute(session);
      } catch {
        // Where the connection is gone, so is the transaction.
      }
      throw error;
    }
  }
}

/** Gives a table the name that it has in a database. */
export function nameTables(dialect: SqlDialect, schema: string | null, prefix: string): TableNames {
  const named = (table: Table): NamedTable => {
    const inSchema = schema === null ? '' : `${dialect.quote(schema)}.`;
    const text = `${inSchema}${dialect.quote(`${prefix}${table.name}`)}`;
    return { table, text, sql: sql.raw(text) };
  };
  return {
    jobs: named(JOBS),
    runs: named(RUNS),
    nodes: named(NODES),
    meta: named(META),
    permits: named(PERMITS),
  };
}
