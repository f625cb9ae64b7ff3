import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';

type Rows = readonly Record<string, unknown>[];

/** Is one connection to a database, past the library. */
export class SqlSession implements AsyncDisposable {
  readonly #query: (sql: string) => Promise<Rows>;
  readonly #end: () => Promise<void>;

  private constructor(query: (sql: string) => Promise<Rows>, end: () => Promise<void>) {
    this.#query = query;
    this.#end = end;
  }

  /**
   * Connects.
   *
   * @param at - a URL, or the path of a SQLite file
   */
  static async to(engine: 'postgres' | 'mysql' | 'sqlite', at: string): Promise<SqlSession> {
    switch (engine) {
      case 'sqlite':
        return SqlSession.#toFile(at);
      case 'mysql':
        return SqlSession.#toMysql(at);
      case 'postgres':
        return SqlSession.#toPostgres(at);
    }
  }

  /** Runs a statement and gives its rows. */
  query(sql: string): Promise<Rows> {
    return this.#query(sql);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  static #toFile(path: string): SqlSession {
    const database = new Database(path);
    const query = async (sql: string): Promise<Rows> => {
      const statement = database.prepare(sql);
      if (statement.reader) return statement.all() as Rows;
      statement.run();
      return [];
    };
    return new SqlSession(query, async () => {
      database.close();
    });
  }

  static async #toMysql(url: string): Promise<SqlSession> {
    const connection = await createConnection({ uri: url });
    connection.on('error', () => {});
    const query = async (sql: string): Promise<Rows> => (await connection.query<RowDataPacket[]>(sql))[0];
    return new SqlSession(query, () => connection.end());
  }

  static async #toPostgres(url: string): Promise<SqlSession> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    const query = async (sql: string): Promise<Rows> =>
      (await client.query<Record<string, unknown>>(sql)).rows;
    return new SqlSession(query, () => client.end());
  }
}
