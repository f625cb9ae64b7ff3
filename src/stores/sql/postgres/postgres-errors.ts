/**
 * Tells whether a transaction failed because of another one, or of what its connection had kept of statements, so that
 * it may succeed when it is repeated.
 */
export function isRetryablePostgresError(error: unknown): boolean {
  return RETRYABLE.has(sqlStateOf(error) ?? '') || isStalePlan(error);
}

/** Tells whether a row was refused because another has its key. */
export function isPostgresUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === '23505';
}

/** Tells whether a client can be used on after an error: the server refused a statement, and goes on. */
export function isPostgresStatementError(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== null && !ENDS_SESSION.test(state);
}

/** Tells whether the server knows no LISTEN, or does not allow it: others than PostgreSQL speak its protocol too. */
export function isRefusedByPostgres(error: unknown): boolean {
  return /^(?:0A|42)/.test(sqlStateOf(error) ?? '');
}

/**
 * Serialization failure, deadlock, a lock not had in time, and a prepared statement that is missing or there already
 * (PostgreSQL, Appendix A).
 */
const RETRYABLE = new Set(['40001', '40P01', '55P03', '26000', '42P05']);

/** A lost connection, a server that goes down, a time-out of the session, and an internal error. */
const ENDS_SESSION = /^(?:08|57P|25P03|XX)/;

/** The texts of errors, severity included, are translated on some servers; the state is not. `EPIPE` is none. */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;

/** Tells whether a plan was kept for a table that has been altered since. */
export function isStalePlan(error: unknown): boolean {
  const { routine } = (error ?? {}) as { routine?: unknown };
  return sqlStateOf(error) === '0A000' && routine === 'RevalidateCachedQuery';
}

/** Gives the SQLSTATE of an error that the server sent; `null`: it sent none. */
export function sqlStateOf(error: unknown): string | null {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && SQL_STATE.test(code) ? code : null;
}
