import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { InvalidStateError } from '../../../errors/scheduler-errors.js';
import { BoundedMap } from '../../../internal/bounded-map.js';
import type {
  BetterSqliteStatementLike,
  NodeSqliteStatementLike,
  SqliteChangeCount,
  SqliteDatabaseLike,
} from './sqlite-database-like.js';

/** Is how many statements are kept prepared. */
const MAX_STATEMENTS = 256;

const GIVES_ROWS = /^\s*(?:select|with|pragma|values|explain)\b|\breturning\b/i;

/** Is a statement, whichever library made it. */
interface Prepared {
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): SqliteChangeCount;
}

/**
 * Is a database of either library, as Kysely takes it: statements are prepared once, numbers that are integers go in as
 * such (both libraries would make them floating), and come out as numbers.
 *
 * A `rollback` undoes a transaction that was begun here, and none that the application has begun.
 */
export class SqliteHandle implements SqliteDatabase {
  readonly #database: SqliteDatabaseLike;
  readonly #statements = new BoundedMap<string, SqliteStatement>(MAX_STATEMENTS);
  #isInTransaction = false;

  /** Makes it. */
  constructor(database: SqliteDatabaseLike) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    return this.#statements.get(sql, () => this.#make(sql));
  }

  /** Gives the rows of a statement. */
  read(sql: string): readonly Record<string, unknown>[] {
    return this.prepare(sql).all([]) as Record<string, unknown>[];
  }

  /** Does nothing: who opened the database closes it. */
  close(): void {}

  #make(sql: string): SqliteStatement {
    const prepared = prepare(this.#database, sql);
    const run = (parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number } => {
      const { changes } = prepared.run(parameters.map(bind));
      return { changes, lastInsertRowid: 0 };
    };
    return {
      reader: prepared.reader,
      all: (parameters) => prepared.all(parameters.map(bind)),
      run: this.#following(sql, run),
      iterate: () => {
        throw new InvalidStateError('A store does not stream.');
      },
    };
  }

  /** Makes a statement that begins or ends a transaction keep track of it. */
  #following(sql: string, run: SqliteStatement['run']): SqliteStatement['run'] {
    const verb = /^\s*(begin|commit|rollback)\b/i.exec(sql)?.[1]?.toLowerCase();
    if (verb === undefined) return run;
    return (parameters) => {
      if (verb === 'rollback' && !this.#isInTransaction) return { changes: 0, lastInsertRowid: 0 };
      // A full disk ends a transaction by itself, and what would roll it back fails: it is over all the same.
      if (verb === 'rollback') this.#isInTransaction = false;
      const result = run(parameters);
      this.#isInTransaction = verb === 'begin';
      return result;
    };
  }
}

function prepare(database: SqliteDatabaseLike, sql: string): Prepared {
  const statement: BetterSqliteStatementLike | NodeSqliteStatementLike = database.prepare(sql);
  if ('reader' in statement) {
    if (statement.reader) statement.safeIntegers(false);
    return {
      reader: statement.reader,
      all: (parameters) => statement.all(...parameters),
      run: (parameters) => statement.run(...parameters),
    };
  }
  statement.setReadBigInts(false);
  return {
    reader: statement.columns === undefined ? GIVES_ROWS.test(sql) : statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as never[])),
    run: (parameters) => statement.run(...(parameters as never[])),
  };
}

function bind(value: unknown): unknown {
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}
