import { InvalidTriggerError } from '../errors/input-errors.js';
import { cron } from './cron-trigger.js';
import type { Trigger } from './trigger.js';
import type { TriggerInput } from './trigger-input.js';
import { TriggerRegistry, type ParseTriggerOptions } from './trigger-registry.js';

/**
 * Reads a trigger of a built-in kind: for checking what a user typed, and for asking when it would fire.
 *
 * @throws {@link InvalidTriggerError} when it is not a trigger, naming the field and the position
 * @example
 * ```ts
 * import { parseTrigger } from 'escapement';
 *
 * parseTrigger('0 9 * * mon-fri', { timezone: 'Europe/Paris' }).next(Date.now());
 * ```
 */
export function parseTrigger(input: TriggerInput, options: ParseTriggerOptions = {}): Trigger {
  return new TriggerRegistry().parse(input, options);
}

/** Tells whether text is a cron expression that fires at some time. {@link parseTrigger} says what is wrong with it. */
export function isValidCron(expression: string): boolean {
  if (typeof expression !== 'string') return false;
  try {
    cron(expression);
    return true;
  } catch (error) {
    if (error instanceof InvalidTriggerError) return false;
    throw error;
  }
}
