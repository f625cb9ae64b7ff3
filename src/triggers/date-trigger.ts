import type { JsonObject } from '../internal/json-value.js';
import type { InstantInput } from '../time/instants.js';
import { BaseTrigger } from './base-trigger.js';
import { closeInstant, readOpenInstant, showInstant, type OpenInstant } from './open-instant.js';
import { readTimezone, refuseUnknownKeys } from './record-keys.js';
import type { TriggerBinding } from './trigger.js';
import type { DateRecord } from './trigger-input.js';

/** Are the options of {@link date}. */
export interface DateOptions {
  /** Names the zone in which text without an offset is read. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
}

/** Fires once. Made by {@link date}. */
export class DateTrigger extends BaseTrigger {
  /** Names the kind. */
  readonly kind = 'date';
  readonly #at: OpenInstant;
  readonly #atMs: number;

  /**
   * Makes the trigger; {@link date} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when `at` is not an instant, or the zone is unknown
   */
  constructor(at: InstantInput, options: DateOptions = {}) {
    super();
    this.#at = readOpenInstant(at, 'date', readTimezone(options.timezone));
    this.#atMs = closeInstant(this.#at, 'date', 'UTC');
  }

  /** Gives the fire time if it comes after an instant. */
  next(after: number): number | null {
    return this.#atMs > after ? this.#atMs : null;
  }

  /** Gives the fire time if it comes before an instant. */
  previous(before: number): number | null {
    return this.#atMs < before ? this.#atMs : null;
  }

  /** Gives 1 when the fire time lies in `[from, to]`, and 0 otherwise. */
  count(from: number, to: number): number {
    return this.#atMs >= from && this.#atMs <= to ? 1 : 0;
  }

  /** Reads a time without offset or zone in the zone of the binding. */
  bind(binding: TriggerBinding): DateTrigger {
    return this.inTimezone(binding.timezone ?? 'UTC');
  }

  /** Reads a time without offset or zone in a zone. */
  inTimezone(timezone: string): DateTrigger {
    return typeof this.#at === 'number' ? this : new DateTrigger(this.#at, { timezone });
  }

  /** Gives `{ date }`, in UTC once the zone is known. */
  toJSON(): JsonObject {
    return { date: showInstant(this.#at) };
  }
}

/**
 * Makes a trigger that fires once, at an instant. One in the past fires as soon as the job is added, under the job's
 * misfire rules.
 *
 * @param at - a `Date`, a luxon `DateTime`, or an ISO 8601 string; one without an offset is read in the zone: a time
 * that a clock change skips moves on by the length of the gap, and of a repeated one the first pass is meant
 * @throws {@link InvalidTriggerError} when `at` is not an instant, or the zone is unknown
 * @example
 * ```ts
 * import { date } from 'escapement';
 *
 * date('2026-12-01T09:00', { timezone: 'Asia/Shanghai' });
 * ```
 */
export function date(at: InstantInput, options: DateOptions = {}): DateTrigger {
  refuseUnknownKeys(options, ['timezone']);
  return new DateTrigger(at, options);
}

/** Reads `{ date, timezone }`. */
export function parseDateRecord(record: JsonObject): DateTrigger {
  const { date: at, ...options } = record as unknown as DateRecord;
  return date(at, options);
}
