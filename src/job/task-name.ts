import { InvalidOptionError } from '../errors/input-errors.js';
import { checkId } from '../internal/ids.js';
import { FUNCTION_PREFIX } from './function-name.js';

/**
 * Checks the name of a task.
 *
 * @throws {@link InvalidOptionError} when it is not one that a task may have
 */
export function checkTaskName(name: unknown, field: string): void {
  if (checkId(name, field).startsWith(FUNCTION_PREFIX)) {
    throw new InvalidOptionError(field, `a name that does not begin with "${FUNCTION_PREFIX}"`, name);
  }
}
