import { Kysely, SqliteDialect } from 'kysely';
import { InvalidOptionError } from '../../../errors/input-errors.js';
import type { Logger } from '../../../internal/logger.js';
import { Elapsed } from '../../../time/elapsed.js';
import { sleep } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import type { SqlConnection, SqlConnector } from '../sql-connection.js';
import { openDatabase } from './open-database.js';
import { SqliteChanges } from './sqlite-changes.js';
import type { SqliteDatabaseLike } from './sqlite-database-like.js';
import { isRetryableSqliteError } from './sqlite-errors.js';
import { SqliteHandle } from './sqlite-handle.js';

/** Is how long a statement waits for the lock of another process; the event loop stands still meanwhile. */
const BUSY_MS = 20;
/** Is how long opening waits for other processes that open the same file. */
const OPENING_MS = 20_000;

/**
 * Gives a way to an SQLite database: a file that it opens, or a database that was handed in.
 *
 * A database that was handed in is used as it is: its journal, and how long it waits for locks, are the application's.
 *
 * @throws {@link InvalidOptionError} when the source is neither
 */
export function sqliteConnector(source: string | SqliteDatabaseLike): SqlConnector {
  checkSource(source);
  return {
    async connect({ logger }): Promise<SqlConnection> {
      const database = typeof source === 'string' ? openDatabase(source) : source;
      const handle = new SqliteHandle(database);
      let isOpen = typeof source === 'string';
      const close = (): void => {
        if (isOpen) database.close();
        isOpen = false;
      };
      try {
        if (isOpen) await setUp(handle, logger);
        const changes = isShared(handle) ? new SqliteChanges(handle) : null;
        const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: handle }) });
        return {
          db,
          changes,
          async close() {
            changes?.close();
            await db.destroy();
            close();
          },
        };
      } catch (error) {
        close();
        throw error;
      }
    },
  };
}

/** Makes the file one that several processes read while one writes, and that keeps what was committed. */
async function setUp(handle: SqliteHandle, logger: Logger): Promise<void> {
  const elapsed = new Elapsed(systemClock);
  for (;;) {
    try {
      handle.read(`pragma busy_timeout = ${BUSY_MS}`);
      const journal = handle.read('pragma journal_mode = wal')[0]?.['journal_mode'];
      handle.prepare('pragma synchronous = full').run([]);
      if (journal !== 'wal' && isShared(handle)) {
        logger.warn(
          { journal },
          'This SQLite file has no write-ahead log; its readers and writers wait for each other',
        );
      }
      return;
    } catch (error) {
      // Where several processes find a new file, one of them changes its journal.
      if (!isRetryableSqliteError(error) || elapsed.ms > OPENING_MS) throw error;
    }
    await sleep(systemClock, 20 + 80 * Math.random());
  }
}

/** Tells whether others can have the database open: a file, and not one in memory. */
function isShared(handle: SqliteHandle): boolean {
  return handle
    .read('pragma database_list')
    .some(({ name, file }) => name === 'main' && file !== '' && file !== null);
}

function checkSource(source: unknown): void {
  const isPath = typeof source === 'string' && source !== '';
  const isDatabase = typeof (source as { prepare?: unknown } | null)?.prepare === 'function';
  if (isPath || isDatabase) return;
  throw new InvalidOptionError('source', 'a path, or a database of better-sqlite3 or node:sqlite', source);
}
