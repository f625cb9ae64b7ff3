import type { Kysely } from 'kysely';
import { InvalidOptionError } from '../../errors/input-errors.js';
import type { SqlConnector } from './sql-connection.js';

/**
 * Borrows a Kysely instance, without its plugins: one that renames columns would rename ours.
 *
 * @throws `InvalidOptionError` when it is none
 */
export function kyselyConnector(db: Kysely<unknown>): SqlConnector {
  if (typeof (db as Partial<Kysely<unknown>> | null | undefined)?.withoutPlugins !== 'function') {
    throw new InvalidOptionError('options.db', 'a Kysely instance', db);
  }
  return {
    async connect() {
      return { db: db.withoutPlugins(), changes: null, close: async () => undefined };
    },
  };
}
