import { InvalidTriggerError } from '../errors/input-errors.js';

/**
 * Says what becomes of a time of day that does not exist, because the clock went forward over it:
 *
 * - `after`: it fires at the end of the gap; several that meet there fire once (as cronie and croner do)
 * - `shift`: it fires later by the gap's length: 02:30 becomes 03:30 (as RFC 5545 and cron-parser do)
 * - `skip`: it does not fire
 */
export type GapRule = 'after' | 'shift' | 'skip';

/** Says in which pass a time of day fires that exists twice, because the clock went back over it. */
export type OverlapRule = 'first' | 'last' | 'both';

/** Overrides what happens to wall-clock times that a clock change skips or repeats. */
export interface DstRules {
  /** Rules skipped times. @defaultValue `'skip'` when every hour is allowed, `'after'` otherwise */
  readonly gap?: GapRule | undefined;
  /** Rules repeated times. @defaultValue `'both'` when every hour is allowed, `'first'` otherwise */
  readonly overlap?: OverlapRule | undefined;
}

/** Is {@link DstRules} with every rule decided. */
export interface ResolvedDstRules {
  /** Rules skipped times. */
  readonly gap: GapRule;
  /** Rules repeated times. */
  readonly overlap: OverlapRule;
}

const GAPS: readonly unknown[] = ['after', 'shift', 'skip'] satisfies GapRule[];
const OVERLAPS: readonly unknown[] = ['first', 'last', 'both'] satisfies OverlapRule[];

const ELAPSED: ResolvedDstRules = { gap: 'skip', overlap: 'both' };
const TIME_OF_DAY: ResolvedDstRules = { gap: 'after', overlap: 'first' };

/**
 * Completes the rules. A schedule that allows every hour follows elapsed time: it fires at each real instant that
 * matches. One that does not means times of day: each fires once a day.
 */
export function resolveDstRules(given: DstRules | undefined, everyHour: boolean): ResolvedDstRules {
  const defaults = everyHour ? ELAPSED : TIME_OF_DAY;
  return given === undefined
    ? defaults
    : { gap: given.gap ?? defaults.gap, overlap: given.overlap ?? defaults.overlap };
}

/**
 * Checks rules that came as data; gives `undefined` when they rule nothing.
 *
 * @throws {@link InvalidTriggerError} when a key or a value is not one of the rules
 */
export function readDstRules(input: unknown): DstRules | undefined {
  if (input === undefined) return undefined;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InvalidTriggerError({ field: 'dst', expected: 'an object { gap, overlap }', received: input });
  }
  const { gap, overlap, ...rest } = input as Record<string, unknown>;
  const [unknownKey] = Object.keys(rest);
  if (unknownKey !== undefined) {
    throw new InvalidTriggerError({
      field: `dst.${unknownKey}`,
      expected: 'absent: the rules are gap and overlap',
      received: rest[unknownKey],
    });
  }
  if (gap !== undefined && !GAPS.includes(gap)) {
    throw new InvalidTriggerError({
      field: 'dst.gap',
      expected: "'after', 'shift' or 'skip'",
      received: gap,
    });
  }
  if (overlap !== undefined && !OVERLAPS.includes(overlap)) {
    throw new InvalidTriggerError({
      field: 'dst.overlap',
      expected: "'first', 'last' or 'both'",
      received: overlap,
    });
  }
  if (gap === undefined && overlap === undefined) return undefined;
  return {
    ...(gap === undefined ? {} : { gap: gap as GapRule }),
    ...(overlap === undefined ? {} : { overlap: overlap as OverlapRule }),
  };
}
