import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { InvalidOptionError } from '../../../errors/input-errors.js';
import { MissingPeerError } from '../../../errors/missing-peer-error.js';
import { loadPeer } from '../../../internal/load-peer.js';
import type { SqliteDatabaseLike } from './sqlite-database-like.js';

const require = createRequire(import.meta.url);

type DatabaseClass = new (path: string) => SqliteDatabaseLike;

/**
 * Opens a database file by better-sqlite3 or, where that is not installed and Node has it, by `node:sqlite`; makes the
 * file if there is none.
 *
 * @param path - the file, or `:memory:`
 * @throws {@link InvalidOptionError} when the folder does not exist
 * @throws `MissingPeerError` when there is neither library
 */
export function openDatabase(path: string): SqliteDatabaseLike {
  const isFile = path !== ':memory:' && !path.startsWith('file:');
  if (isFile && !existsSync(dirname(resolve(path)))) {
    throw new InvalidOptionError('source', 'a file in a folder that exists; make the folder first', path);
  }
  return new (loadDatabaseClass())(path);
}

function loadDatabaseClass(): DatabaseClass {
  try {
    return loadPeer(
      'better-sqlite3',
      'SqlJobStore.sqlite',
      () => require('better-sqlite3') as unknown,
    ) as DatabaseClass;
  } catch (error) {
    const builtIn = error instanceof MissingPeerError ? loadBuiltIn() : null;
    if (builtIn === null) throw error;
    return builtIn;
  }
}

function loadBuiltIn(): DatabaseClass | null {
  const module = process.getBuiltinModule('node:sqlite') as
    | { readonly DatabaseSync: DatabaseClass }
    | undefined;
  return module?.DatabaseSync ?? null;
}
