/** Tells whether a transaction failed because of another one, so that it may succeed when it is repeated. */
export function isRetryableMysqlError(error: unknown): boolean {
  return RETRYABLE.has(errnoOf(error));
}

/** Tells whether a row was refused because another has its key. */
export function isMysqlUniqueViolation(error: unknown): boolean {
  return errnoOf(error) === 1062;
}

/** Tells whether a connection can be used on after an error: the server refused a statement, and goes on. */
export function isMysqlStatementError(error: unknown): boolean {
  const { fatal, sqlState } = (error ?? {}) as { fatal?: unknown; sqlState?: unknown };
  if (fatal === true || typeof sqlState !== 'string' || sqlState.startsWith('08')) return false;
  return !ENDS_SESSION.has(errnoOf(error));
}

/** A deadlock, a lock not had in time, and a row that changed since it was read (MariaDB, with snapshot isolation). */
const RETRYABLE = new Set([1213, 1205, 1020]);

/**
 * A shutdown, a killed connection, and an idle one; and a server that takes no writes any more, because another has
 * taken its place: new connections lead there.
 */
const ENDS_SESSION = new Set([1053, 1927, 4031, 1290, 1836]);

function errnoOf(error: unknown): number {
  const { errno } = (error ?? {}) as { errno?: unknown };
  return typeof errno === 'number' ? errno : 0;
}
