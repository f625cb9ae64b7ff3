import { Duration } from 'luxon';
import { InvalidOptionError } from '../errors/input-errors.js';

/** Is a span of elapsed time in luxon's units, each a finite number; days are 24 hours and weeks 7 days. */
export interface DurationObject {
  /** Weeks of 7 × 24 hours. */
  readonly weeks?: number;
  /** Days of 24 hours. */
  readonly days?: number;
  /** Hours. */
  readonly hours?: number;
  /** Minutes. */
  readonly minutes?: number;
  /** Seconds. */
  readonly seconds?: number;
  /** Milliseconds. */
  readonly milliseconds?: number;
}

/** Is a luxon `Duration`, by the part of it that is used here. */
export interface DurationLike {
  /** Gives the whole span in milliseconds. */
  toMillis(): number;
}

/** Is a span of elapsed time: milliseconds, `{ minutes: 5 }`, or a luxon `Duration`. */
export type DurationInput = number | DurationObject | DurationLike;

const UNITS = new Set(['weeks', 'days', 'hours', 'minutes', 'seconds', 'milliseconds']);
const EXPECTED = 'a duration (milliseconds, or an object such as { minutes: 5 })';

/** Bounds what {@link durationMs} accepts. */
export interface DurationBounds {
  /** Is the least span allowed, in milliseconds. @defaultValue 0 */
  readonly minMs?: number;
  /** Says whether `Infinity` is allowed. @defaultValue false */
  readonly infinite?: boolean;
}

/**
 * Reads a duration as whole milliseconds.
 *
 * @throws {@link InvalidOptionError} when it is not a duration, not finite, or shorter than the bounds allow
 */
export function durationMs(input: unknown, field: string, bounds: DurationBounds = {}): number {
  const { minMs = 0, infinite = false } = bounds;
  const ms = read(input, field);
  if (infinite && ms === Infinity) return Infinity;
  if (!Number.isFinite(ms)) throw new InvalidOptionError(field, EXPECTED, input);
  const whole = Math.round(ms);
  if (whole < minMs) {
    throw new InvalidOptionError(
      field,
      minMs === 0 ? 'no negative duration' : `a duration of at least ${String(minMs)} ms`,
      input,
    );
  }
  if (!Number.isSafeInteger(whole))
    throw new InvalidOptionError(field, 'a duration of at most 2^53 - 1 ms', input);
  return whole;
}

function read(input: unknown, field: string): number {
  if (typeof input === 'number') return input;
  if (typeof input !== 'object' || input === null) throw new InvalidOptionError(field, EXPECTED, input);
  if ('toMillis' in input && typeof input.toMillis === 'function') return (input as DurationLike).toMillis();
  const entries = Object.entries(input);
  if (entries.length === 0) throw new InvalidOptionError(field, EXPECTED, input);
  for (const [unit, amount] of entries) {
    if (!UNITS.has(unit)) {
      throw new InvalidOptionError(`${field}.${unit}`, `one of ${[...UNITS].join(', ')}`, unit);
    }
    if (typeof amount !== 'number' || !Number.isFinite(amount)) {
      throw new InvalidOptionError(`${field}.${unit}`, 'a finite number', amount);
    }
  }
  return Duration.fromObject(input).toMillis();
}
