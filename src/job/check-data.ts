import { InvalidDataError } from '../errors/input-errors.js';
import type { SchemaIssue } from './standard-schema.js';
import type { AnyTask } from './task.js';

/**
 * Checks data with a task's schema, if it has one, and gives what the schema makes of it.
 *
 * @throws {@link InvalidDataError} naming the task and what the schema found
 */
export async function checkData(task: AnyTask, data: unknown): Promise<unknown> {
  const { schema } = task.options;
  if (schema === undefined) return data;
  const result = await schema['~standard'].validate(data);
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  const found = result.issues.map((issue) => `${pathOf(issue)}: ${issue.message}`).join('; ');
  const message = `The schema of task "${task.name}" refuses the data: ${found}`;
  throw new InvalidDataError(first === undefined ? 'data' : pathOf(first), message, { cause: result.issues });
}

function pathOf({ path = [] }: SchemaIssue): string {
  let text = 'data';
  for (const segment of path) {
    const key = typeof segment === 'object' ? segment.key : segment;
    text += typeof key === 'number' ? `[${String(key)}]` : `.${String(key)}`;
  }
  return text;
}
