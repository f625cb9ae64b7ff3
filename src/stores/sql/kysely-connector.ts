import type { Kysely } from 'kysely';
import { InvalidOptionError } from '../../errors/input-errors.js';
import type { SqlConnector } from './sql-connection.js';

/** Is a Kysely instance, whatever tables its type knows. */
export interface KyselyLike {
  /** Gives an instance on the same connections that has no plugins. */
  withoutPlugins(): unknown;
}

/**
 * Borrows a Kysely instance, without its plugins: one that renames columns would rename ours.
 *
 * @throws `InvalidOptionError` when it is none
 */
export function kyselyConnector(db: KyselyLike): SqlConnector {
  if (typeof (db as Partial<KyselyLike> | null | undefined)?.withoutPlugins !== 'function') {
    throw new InvalidOptionError('options.db', 'a Kysely instance', db);
  }
  return {
    async connect() {
      return { db: db.withoutPlugins() as Kysely<unknown>, changes: null, close: async () => undefined };
    },
  };
}
