/** Begins the names of plain functions; those of tasks may not. */
export const FUNCTION_PREFIX = 'function:';

/** Gives the name under which the plain function of a put is known; no two puts share one, whatever their ids. */
export function functionTaskName(uid: string): string {
  return `${FUNCTION_PREFIX}${uid}`;
}
