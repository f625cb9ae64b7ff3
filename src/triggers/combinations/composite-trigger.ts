import { InvalidTriggerError } from '../../errors/input-errors.js';
import { cron } from '../cron-trigger.js';
import { isTrigger } from '../is-trigger.js';
import type { Trigger, TriggerBinding } from '../trigger.js';
import { zoneOf } from '../zone-of.js';
import type { SearchBudget } from './search-budget.js';

/** Is a trigger made of others, whose searches share one budget when they lie within each other. */
export interface CompositeTrigger extends Trigger {
  /** Lists the triggers that it is made of. */
  readonly parts: readonly Trigger[];
  /** Is {@link Trigger.next} within the budget of a larger search; `null` too when the budget is exhausted. */
  nextWithin(after: number, budget: SearchBudget): number | null;
  /** Is {@link Trigger.previous} within the budget of a larger search; `null` too when the budget is exhausted. */
  previousWithin(before: number, budget: SearchBudget): number | null;
}

/** Is how many triggers may be combined, those within others counted. */
const MAX_PARTS = 100;

/** Are the kinds that answer in about a microsecond; others may take far longer, and are asked less often. */
const FAST_KINDS: readonly string[] = ['cron', 'interval', 'date', 'calendarInterval'];
const FAST = 1;
const SLOW = 5;

const PROBE: TriggerBinding = { now: 0, jobId: '' };

/** Tells a trigger that is made of others. */
export function isComposite(trigger: Trigger): trigger is CompositeTrigger {
  return 'parts' in trigger && 'nextWithin' in trigger && 'previousWithin' in trigger;
}

/** Asks a trigger for its next fire time within a search. */
export function nextOf(trigger: Trigger, after: number, budget: SearchBudget): number | null {
  if (isComposite(trigger)) return trigger.nextWithin(after, budget);
  return budget.spend(priceOf(trigger)) ? trigger.next(after) : null;
}

/** Asks a trigger for its previous fire time within a search. */
export function previousOf(trigger: Trigger, before: number, budget: SearchBudget): number | null {
  if (isComposite(trigger)) return trigger.previousWithin(before, budget);
  return budget.spend(priceOf(trigger)) ? (trigger.previous?.(before) ?? null) : null;
}

/** Tells whether all of these triggers can look back. */
export function canLookBack(parts: readonly Trigger[]): boolean {
  return parts.every((part) => part.previous !== undefined);
}

/** Tells whether nothing in a trigger depends on the moment, the job or the scheduler any more. */
export function isBound(trigger: Trigger): boolean {
  return trigger.bind === undefined || trigger.bind(PROBE) === trigger;
}

/** Binds triggers; gives the same list when all of them are bound already. */
export function bindAll(parts: readonly Trigger[], binding: TriggerBinding): readonly Trigger[] {
  const bound = parts.map((part) => part.bind?.(binding) ?? part);
  return bound.every((part, index) => part === parts[index]) ? parts : bound;
}

/** Fixes the zone of triggers that name none; gives the same list when there is none of them. */
export function zoneAll(parts: readonly Trigger[], timezone: string): readonly Trigger[] {
  const zoned = parts.map((part) => part.inTimezone?.(timezone) ?? part);
  return zoned.every((part, index) => part === parts[index]) ? parts : zoned;
}

/** Gives the zone that all of these triggers share; `undefined` when they do not. */
export function sharedZone(parts: readonly Trigger[]): string | undefined {
  const [first, ...others] = parts.map(zoneOf);
  return others.every((zone) => zone === first) ? first : undefined;
}

/**
 * Reads the triggers of a combination; text is a cron expression.
 *
 * @throws {@link InvalidTriggerError} when one is not a trigger
 */
export function readPart(input: unknown, field: string): Trigger {
  if (typeof input === 'string') return cron(input);
  if (isTrigger(input)) return input;
  throw new InvalidTriggerError({ field, expected: 'a trigger or a cron expression', received: input });
}

/**
 * Checks how many triggers are combined, those within others counted.
 *
 * @throws {@link InvalidTriggerError} when there is none, or there are more than 100
 */
export function checkParts(parts: readonly Trigger[], field: string): readonly Trigger[] {
  const size = parts.reduce((sum, part) => sum + sizeOf(part), 0);
  if (parts.length > 0 && size <= MAX_PARTS) return [...parts];
  const expected = `from 1 to ${String(MAX_PARTS)} triggers, those within others counted`;
  throw new InvalidTriggerError({ field, expected, received: size });
}

function sizeOf(trigger: Trigger): number {
  return isComposite(trigger) ? trigger.parts.reduce((sum, part) => sum + sizeOf(part), 1) : 1;
}

function priceOf(trigger: Trigger): number {
  return FAST_KINDS.includes(trigger.kind) ? FAST : SLOW;
}
