/** Tells whether a transaction failed because of another one, so that it may succeed when it is repeated. */
export function isRetryablePostgresError(error: unknown): boolean {
  return RETRYABLE.has(sqlStateOf(error) ?? '');
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

/** Serialization failure, deadlock, and a lock not had in time (PostgreSQL, Appendix A). */
const RETRYABLE = new Set(['40001', '40P01', '55P03']);

/** A lost connection, a server that goes down, a time-out of the session, and an internal error. */
const ENDS_SESSION = /^(?:08|57P|25P03|XX)/;

/** The texts of errors, severity included, are translated on some servers; the state is not. `EPIPE` is none. */
const SQL_STATE = /^(?=.*\d)[0-9A-Z]{5}$/;

function sqlStateOf(error: unknown): string | null {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && SQL_STATE.test(code) ? code : null;
}
