import { InvalidOptionError, InvalidTriggerError } from '../errors/input-errors.js';
import { checkInteger, checkRecord } from '../internal/check.js';
import { instantMs, type InstantInput } from '../time/instants.js';
import type { Trigger } from './trigger.js';
import { zoneOf } from './zone-of.js';

/** Says which fire times {@link upcoming} gives; `count` or `until` has to end them. */
export interface UpcomingOptions {
  /** Is the earliest instant that may be given; as a number, in epoch milliseconds. */
  readonly from: InstantInput | number;
  /** Is how many fire times are given at most. @defaultValue no limit but `until` */
  readonly count?: number | undefined;
  /** Is the latest instant that may be given. @defaultValue no limit but `count` */
  readonly until?: InstantInput | number | undefined;
}

/** Says which fire times {@link past} gives; `count` or `since` has to end them. */
export interface PastOptions {
  /** Is the instant before which all of them lie; as a number, in epoch milliseconds. */
  readonly before: InstantInput | number;
  /** Is how many fire times are given at most. @defaultValue no limit but `since` */
  readonly count?: number | undefined;
  /** Is the earliest instant that may be given. @defaultValue no limit but `count` */
  readonly since?: InstantInput | number | undefined;
}

const UPCOMING_KEYS: ReadonlySet<string> = new Set(['from', 'count', 'until']);
const PAST_KEYS: ReadonlySet<string> = new Set(['before', 'count', 'since']);

/**
 * Gives the fire times of a trigger from an instant on, in their order, each computed when it is asked for. Text without
 * an offset is read in the trigger's zone, or as UTC if it has none.
 *
 * @throws {@link InvalidOptionError} at once when an option is not one, or nothing ends the fire times
 * @example
 * ```ts
 * import { parseTrigger, upcoming } from 'escapement';
 *
 * const trigger = parseTrigger({ anyOf: ['0 9 * * mon-fri', '0 12 * * sat'] });
 * for (const at of upcoming(trigger, { from: new Date(), count: 5 })) console.log(at.toISOString());
 * ```
 */
export function upcoming(trigger: Trigger, options: UpcomingOptions): Generator<Date, void, undefined> {
  const { from, count, until } = checkRecord(options, 'options', UPCOMING_KEYS);
  requireEnd(count, until, 'until');
  const fromMs = readInstant(from, 'from', trigger);
  const untilMs = until === undefined ? Infinity : readInstant(until, 'until', trigger);
  return forwards(trigger, fromMs, readCount(count), untilMs);
}

/**
 * Gives the fire times of a trigger before an instant, the latest first, each computed when it is asked for.
 *
 * @throws {@link InvalidOptionError} at once when an option is not one, or nothing ends the fire times
 * @throws {@link InvalidTriggerError} at once when the trigger has no `previous`
 */
export function past(trigger: Trigger, options: PastOptions): Generator<Date, void, undefined> {
  const { before, count, since } = checkRecord(options, 'options', PAST_KEYS);
  requireEnd(count, since, 'since');
  if (trigger.previous === undefined) {
    throw new InvalidTriggerError({
      field: 'trigger',
      expected: 'one that can look back, with `previous`',
      received: trigger.kind,
    });
  }
  const beforeMs = readInstant(before, 'before', trigger);
  const sinceMs = since === undefined ? -Infinity : readInstant(since, 'since', trigger);
  return backwards(trigger, beforeMs, readCount(count), sinceMs);
}

function* forwards(
  trigger: Trigger,
  from: number,
  count: number,
  until: number,
): Generator<Date, void, undefined> {
  let after = from - 1;
  for (let given = 0; given < count; given += 1) {
    const at = trigger.next(after);
    if (at === null || at > until) return;
    if (!(at > after)) throw standsStill('next', `above ${String(after)}`, at);
    yield new Date(at);
    after = at;
  }
}

function* backwards(
  trigger: Trigger,
  before: number,
  count: number,
  since: number,
): Generator<Date, void, undefined> {
  let end = before;
  for (let given = 0; given < count; given += 1) {
    const at = trigger.previous?.(end) ?? null;
    if (at === null || at < since) return;
    if (!(at < end)) throw standsStill('previous', `below ${String(end)}`, at);
    yield new Date(at);
    end = at;
  }
}

function standsStill(method: string, bound: string, received: number): InvalidTriggerError {
  return new InvalidTriggerError({
    field: `trigger.${method}()`,
    expected: `a whole number ${bound}`,
    received,
  });
}

function requireEnd(count: unknown, end: unknown, name: string): void {
  if (count !== undefined || end !== undefined) return;
  throw new InvalidOptionError('count', `a whole number, or \`${name}\` to be an instant`, count);
}

function readCount(count: unknown): number {
  return count === undefined ? Infinity : checkInteger(count, 'count', { min: 0 });
}

function readInstant(input: unknown, field: string, trigger: Trigger): number {
  const instant = typeof input === 'number' ? new Date(input) : input;
  return instantMs(instant, field, zoneOf(trigger) ?? 'UTC');
}
