import { InvalidOptionError, InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { durationMs, type DurationInput } from '../time/durations.js';
import { MAX_INSTANT, type InstantInput } from '../time/instants.js';
import { BaseTrigger } from './base-trigger.js';
import { closeInstant, readOpenInstant, showInstant, type OpenInstant } from './open-instant.js';
import { readTimezone, refuseUnknownKeys } from './record-keys.js';
import type { TriggerBinding } from './trigger.js';
import type { IntervalRecord } from './trigger-input.js';

/** Are the options of {@link interval}. */
export interface IntervalOptions {
  /** Is the first fire time, and the anchor of the grid. @defaultValue one period after the job is added */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Says that the first fire time is the moment when the job is added; not together with `start`. @defaultValue false */
  readonly immediate?: boolean | undefined;
  /** Names the zone in which `start` and `end` are read when they carry no offset. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
}

/**
 * Fires on the grid start + n × period. Elapsed time: 24 hours are 24 hours through a clock change too. Made by
 * {@link interval}.
 *
 * Without a start it is unbound: {@link IntervalTrigger.bind} fixes the grid when a job is added. Asked before that, it
 * answers for the grid that starts at the Unix epoch, so that its answers depend on the instant alone.
 */
export class IntervalTrigger extends BaseTrigger {
  /** Names the kind. */
  readonly kind = 'interval';
  /** Is the period in milliseconds. */
  readonly periodMs: number;
  readonly #start: OpenInstant | undefined;
  readonly #end: OpenInstant | undefined;
  readonly #immediate: boolean;
  readonly #firstMs: number;
  readonly #lastMs: number;

  /**
   * Makes the trigger; {@link interval} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when the period, the start, the end or the zone is not one, or they contradict
   * each other
   */
  constructor(every: DurationInput, options: IntervalOptions = {}) {
    super();
    const timezone = readTimezone(options.timezone);
    this.periodMs = readPeriod(every);
    this.#start = options.start === undefined ? undefined : readOpenInstant(options.start, 'start', timezone);
    this.#end = options.end === undefined ? undefined : readOpenInstant(options.end, 'end', timezone);
    this.#immediate = readImmediate(options);
    this.#lastMs = this.#end === undefined ? MAX_INSTANT : closeInstant(this.#end, 'end', 'UTC');
    this.#firstMs =
      this.#start === undefined
        ? gridFrom(-MAX_INSTANT, this.periodMs)
        : closeInstant(this.#start, 'start', 'UTC');
    if (this.#firstMs > this.#lastMs && typeof this.#start === typeof this.#end) {
      throw new InvalidTriggerError({
        field: 'end',
        expected: 'no earlier than `start`',
        received: options.end,
      });
    }
  }

  /** Gives the first time of the grid after an instant. */
  next(after: number): number | null {
    const first = this.#firstMs;
    const at = after < first ? first : after - ((after - first) % this.periodMs) + this.periodMs;
    return at <= this.#lastMs ? at : null;
  }

  /** Gives the last time of the grid before an instant. */
  previous(before: number): number | null {
    const first = this.#firstMs;
    const latest = Math.min(Math.ceil(before) - 1, this.#lastMs);
    return latest < first ? null : latest - ((latest - first) % this.periodMs);
  }

  /** Counts the times of the grid in `[from, to]` by arithmetic. */
  count(from: number, to: number): number {
    const earliest = this.next(Math.ceil(from) - 1);
    const latest = this.previous(Math.floor(to) + 1);
    if (earliest === null || latest === null || latest < earliest) return 0;
    return (latest - earliest) / this.periodMs + 1;
  }

  /** Fixes the start: given, now with `immediate`, or one period from now. */
  bind(binding: TriggerBinding): IntervalTrigger {
    const zoned = this.inTimezone(binding.timezone ?? 'UTC');
    if (zoned.#start !== undefined) return zoned;
    const end = zoned.#lastMs;
    let start = binding.now + (this.#immediate ? 0 : this.periodMs);
    // With the end behind it the grid begins before the end instead: nothing is left to fire, yet the record is sound.
    if (end < start) start -= Math.ceil((start - end) / this.periodMs) * this.periodMs;
    return new IntervalTrigger(this.periodMs, {
      ...zoned.#options(),
      immediate: undefined,
      start: new Date(start),
    });
  }

  /** Reads a start or end without an offset in a zone. */
  inTimezone(timezone: string): IntervalTrigger {
    if (typeof this.#start !== 'string' && typeof this.#end !== 'string') return this;
    return new IntervalTrigger(this.periodMs, { ...this.#options(), timezone });
  }

  /** Gives `{ interval, start, end, immediate }`: the period in milliseconds, and the start only when it is fixed. */
  toJSON(): JsonObject {
    return { interval: this.periodMs, ...this.#options() };
  }

  #options(): { start?: string; end?: string; immediate?: true } {
    return {
      ...(this.#start === undefined ? {} : { start: showInstant(this.#start) }),
      ...(this.#end === undefined ? {} : { end: showInstant(this.#end) }),
      ...(this.#immediate ? { immediate: true } : {}),
    };
  }
}

/**
 * Makes a trigger that fires every so often, counted in elapsed time on a fixed grid: start + n × period. It does not
 * drift, however late a run starts.
 *
 * @param every - the period, at least 1 ms
 * @throws {@link InvalidTriggerError} when the period, the start, the end or the zone is not one, or they contradict
 * each other
 * @example
 * ```ts
 * import { interval } from 'escapement';
 *
 * interval({ minutes: 5 });
 * interval({ hours: 24 }, { start: '2026-01-01T03:00Z' });
 * ```
 */
export function interval(every: DurationInput, options: IntervalOptions = {}): IntervalTrigger {
  refuseUnknownKeys(options, ['start', 'end', 'immediate', 'timezone']);
  return new IntervalTrigger(every, options);
}

/** Reads `{ interval, start, end, immediate, timezone }`. */
export function parseIntervalRecord(record: JsonObject): IntervalTrigger {
  const { interval: every, ...options } = record as unknown as IntervalRecord;
  return interval(every, options);
}

/** Gives the least time of the grid through the Unix epoch that is not before an instant. */
function gridFrom(earliest: number, periodMs: number): number {
  return Math.ceil(earliest / periodMs) * periodMs;
}

function readPeriod(every: unknown): number {
  try {
    return durationMs(every, 'interval', { minMs: 1 });
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    const { field, expected, received } = error;
    throw new InvalidTriggerError({ field, expected, received }, { cause: error });
  }
}

function readImmediate(options: IntervalOptions): boolean {
  const immediate: unknown = options.immediate;
  if (immediate === undefined || immediate === false) return false;
  if (immediate !== true) {
    throw new InvalidTriggerError({ field: 'immediate', expected: 'true or false', received: immediate });
  }
  if (options.start === undefined) return true;
  throw new InvalidTriggerError({
    field: 'immediate',
    expected: 'absent beside `start`',
    received: immediate,
  });
}
