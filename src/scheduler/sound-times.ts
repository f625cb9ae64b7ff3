import { InvalidTriggerError } from '../errors/input-errors.js';
import { MAX_INSTANT } from '../time/instants.js';
import type { Trigger } from '../triggers/trigger.js';

/**
 * Asks a trigger for the first fire time after an instant, and refuses an answer that is none: one that stands still or
 * goes back would fire for ever, and one that is no whole number would put the store's queue out of order.
 *
 * @throws {@link InvalidTriggerError} when the answer is no fire time after the instant; whatever the trigger throws
 */
export function nextAfter(trigger: Trigger, after: number): number | null {
  const next = trigger.next(after);
  if (next === null || (isInstant(next) && next > after)) return next;
  throw new InvalidTriggerError({
    field: 'trigger.next()',
    expected: `a whole number above ${String(after)}, or null`,
    received: next,
  });
}

/** Asks a trigger that has the method for the last fire time before an instant, as {@link nextAfter} does for the first after. */
export function previousBefore(trigger: Required<Pick<Trigger, 'previous'>>, before: number): number | null {
  const previous = trigger.previous(before);
  if (previous === null || (isInstant(previous) && previous < before)) return previous;
  throw new InvalidTriggerError({
    field: 'trigger.previous()',
    expected: `a whole number below ${String(before)}, or null`,
    received: previous,
  });
}

function isInstant(value: unknown): boolean {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_INSTANT;
}
