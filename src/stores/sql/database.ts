import { sql } from 'kysely';
import type { Kysely, RawBuilder } from 'kysely';
import type { Clock } from '../../time/clock.js';
import { sleep } from '../../time/long-timer.js';
import { systemClock } from '../../time/system-clock.js';
import type { JsonRows, NamedTable, SqlDialect } from './dialect.js';
import type { Row } from './row-values.js';
import type { WrittenRow } from './row-writer.js';
import { columnsOf, JOBS, META, NODES, RUNS } from './tables.js';
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
}

/** Is how often a transaction is tried that others get in the way of. */
const MAX_ATTEMPTS = 60;
/** Is how often a transaction is tried whose row is refused for its key: each time it sees the row that was there first. */
const MAX_ATTEMPTS_FOR_A_KEY = 10;
const MIN_PAUSE_MS = 2;
const MAX_PAUSE_MS = 250;
/** Is how much text goes into one statement: well below the least limit of a packet, 16 MiB on MariaDB. */
const MAX_STATEMENT_CHARS = 2_000_000;

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
    const { rows } = await (statement as RawBuilder<Row>).execute(session);
    return rows;
  }

  /** Inserts rows, written out. */
  async insert(session: Session, target: NamedTable, rows: readonly WrittenRow[]): Promise<void> {
    const { columns } = target.table;
    const names = sql.raw(columns.map(({ name }) => name).join(', '));
    for (const chunk of chunksOf(rows)) {
      await sql`insert into ${target.sql} (${names}) select ${names} from ${this.dialect.rows(columns, chunk)}`.execute(
        session,
      );
    }
  }

  /** Inserts rows by themselves, written out; `false`: none, because of a row that has the key of one of them. */
  async insertAlone(target: NamedTable, rows: readonly WrittenRow[]): Promise<boolean> {
    try {
      const isOneStatement = [...chunksOf(rows)].length === 1;
      if (isOneStatement) await this.#retrying(() => this.insert(this.session, target, rows), 1);
      else
        await this.#retrying(() => this.#inTransaction((session) => this.insert(session, target, rows)), 1);
      return true;
    } catch (error) {
      if (this.dialect.isUniqueViolation(error)) return false;
      throw error;
    }
  }

  /** Sets columns of rows that are there, given with at least those. */
  async update(
    session: Session,
    target: NamedTable,
    names: readonly string[],
    rows: readonly WrittenRow[],
  ): Promise<void> {
    const columns = columnsOf(target.table, names);
    for (const chunk of chunksOf(rows)) await this.dialect.update(target, columns, chunk).execute(session);
  }

  async #retrying<T>(work: () => Promise<T>, attemptsForAKey: number = MAX_ATTEMPTS_FOR_A_KEY): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const isOfKey = this.dialect.isUniqueViolation(error);
        if (!isOfKey && !this.dialect.isRetryable(error)) throw error;
        if (attempt >= (isOfKey ? attemptsForAKey : MAX_ATTEMPTS)) throw error;
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
  return { jobs: named(JOBS), runs: named(RUNS), nodes: named(NODES), meta: named(META) };
}

/** Joins rows to JSON arrays, none of them too long for a statement. */
function* chunksOf(rows: readonly WrittenRow[]): Generator<JsonRows> {
  let from = 0;
  let length = 0;
  for (const [at, row] of rows.entries()) {
    length += row.json.length;
    if (length > MAX_STATEMENT_CHARS && at > from) {
      yield toJson(rows.slice(from, at));
      from = at;
      length = row.json.length;
    }
  }
  if (from < rows.length) yield toJson(rows.slice(from));
}

function toJson(rows: readonly WrittenRow[]): JsonRows {
  return { json: `[${rows.map(({ json }) => json).join(',')}]`, keys: rows.map(({ key }) => key) };
}
