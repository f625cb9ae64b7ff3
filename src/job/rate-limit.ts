import { checkInteger, checkRecord } from '../internal/check.js';
import { durationMs } from '../time/durations.js';
import type { DurationInput } from '../time/durations.js';

/** Says how many attempts may start in any span of time, over all nodes that share a store. */
export interface RateLimit {
  /** Is how many attempts start at most in any such span, 1 or more. */
  readonly max: number;
  /** Is how long the span is, 1 millisecond or more. */
  readonly per: DurationInput;
}

/** Is what a {@link RateLimit} comes to. */
export interface ResolvedRateLimit {
  /** Is how many attempts start at most in any span of `perMs`. */
  readonly max: number;
  /** Is how long the span is, in milliseconds. */
  readonly perMs: number;
}

const KEYS: ReadonlySet<string> = new Set(['max', 'per']);

/**
 * Checks a rate limit, and reads its span.
 *
 * @throws `InvalidOptionError` when it is not what it should be
 */
export function resolveRateLimit(value: unknown, field: string): ResolvedRateLimit {
  const { max, per } = checkRecord(value, field, KEYS);
  return Object.freeze({
    max: checkInteger(max, `${field}.max`, { min: 1 }),
    perMs: durationMs(per, `${field}.per`, { minMs: 1 }),
  });
}
