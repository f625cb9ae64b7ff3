/** Tells whether a transaction failed because of another one, so that it may succeed when it is repeated. */
export function isRetryableSqliteError(error: unknown): boolean {
  const { message } = (error ?? {}) as { message?: unknown };
  const code = codeOf(error) & 0xff;
  if (code === SQLITE_BUSY || code === SQLITE_LOCKED) return true;
  // The application has begun a transaction of its own on a database that it handed in.
  return code === SQLITE_ERROR && message === 'cannot start a transaction within a transaction';
}

/** Tells whether a row was refused because another has its key. */
export function isSqliteUniqueViolation(error: unknown): boolean {
  const code = codeOf(error);
  return code === SQLITE_CONSTRAINT_UNIQUE || code === SQLITE_CONSTRAINT_PRIMARYKEY;
}

// Result codes (https://www.sqlite.org/rescode.html); the low byte of an extended one is the primary one.
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_CONSTRAINT_UNIQUE = 2067;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

/** Reads the result code: a name in `code` with better-sqlite3, a number in `errcode` with node:sqlite. */
function codeOf(error: unknown): number {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return errcode;
  if (typeof code !== 'string') return 0;
  if (code.startsWith('SQLITE_BUSY')) return SQLITE_BUSY;
  if (code.startsWith('SQLITE_LOCKED')) return SQLITE_LOCKED;
  return CODES.get(code) ?? 0;
}

const CODES: ReadonlyMap<string, number> = new Map([
  ['SQLITE_ERROR', SQLITE_ERROR],
  ['SQLITE_CONSTRAINT_UNIQUE', SQLITE_CONSTRAINT_UNIQUE],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', SQLITE_CONSTRAINT_PRIMARYKEY],
]);
