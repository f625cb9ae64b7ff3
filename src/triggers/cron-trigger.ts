import { InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import type { InstantInput } from '../time/instants.js';
import { zoneOffsets } from '../time/zone-offsets.js';
import { BaseTrigger } from './base-trigger.js';
import { compileCron } from './cron/compile-cron.js';
import type { CronTimes } from './cron/cron-times.js';
import { hasHash, resolveHashes } from './cron/hash-items.js';
import { compileNamedFields, type NamedCronFields } from './cron/named-fields.js';
import { expandNickname, readEvery } from './cron/nicknames.js';
import { readDstRules, resolveDstRules, type DstRules, type GapRule, type OverlapRule } from './dst-rules.js';
import { interval, type IntervalTrigger } from './interval-trigger.js';
import { closeInstant, readOpenInstant, showInstant, type OpenInstant } from './open-instant.js';
import { readTimezone, refuseUnknownKeys } from './record-keys.js';
import type { TriggerBinding } from './trigger.js';
import type { CronRecord } from './trigger-input.js';
import { ZonedTimes } from './zoned-times.js';

/** Are the options of {@link cron}. */
export interface CronOptions {
  /** Names the zone of the wall clock. @defaultValue the scheduler's zone */
  readonly timezone?: string | undefined;
  /** Is the first instant at which it may fire. @defaultValue none */
  readonly start?: InstantInput | undefined;
  /** Is the last instant at which it may fire. @defaultValue none */
  readonly end?: InstantInput | undefined;
  /** Overrides what happens to times that a clock change skips or repeats. */
  readonly dst?: DstRules | undefined;
}

/**
 * Fires at the wall-clock times that a cron expression, or named fields, match. Made by {@link cron}.
 *
 * Until {@link CronTrigger.bind} has met the job, `H` is hashed from an empty id, and a trigger without a zone answers
 * for UTC.
 */
export class CronTrigger extends BaseTrigger {
  /** Names the kind. */
  readonly kind = 'cron';
  /** Names the zone; `undefined` until one is given or bound. */
  readonly timezone: string | undefined;
  readonly #source: string | NamedCronFields;
  readonly #start: OpenInstant | undefined;
  readonly #end: OpenInstant | undefined;
  readonly #dst: DstRules | undefined;
  readonly #times: ZonedTimes;
  readonly #firstS: number;
  readonly #lastS: number;

  /**
   * Makes the trigger; {@link cron} is the usual way.
   *
   * @throws {@link InvalidTriggerError} when the expression does not parse or can never fire, or an option is not one
   */
  constructor(source: string | NamedCronFields, options: CronOptions = {}) {
    super();
    this.timezone = readTimezone(options.timezone);
    this.#source = typeof source === 'string' ? source.trim() : { ...source };
    this.#start =
      options.start === undefined ? undefined : readOpenInstant(options.start, 'start', this.timezone);
    this.#end = options.end === undefined ? undefined : readOpenInstant(options.end, 'end', this.timezone);
    this.#dst = readDstRules(options.dst);
    const zone = this.timezone ?? 'UTC';
    const times = compile(source);
    this.#times = new ZonedTimes(times, zoneOffsets(zone), resolveDstRules(this.#dst, times.everyHour));
    const startMs = this.#start === undefined ? -Infinity : closeInstant(this.#start, 'start', zone);
    const endMs = this.#end === undefined ? Infinity : closeInstant(this.#end, 'end', zone);
    // One that is still open is judged when its zone is known.
    if (startMs > endMs && typeof this.#start === typeof this.#end) {
      throw new InvalidTriggerError({
        field: 'end',
        expected: 'no earlier than `start`',
        received: options.end,
      });
    }
    this.#firstS = Math.ceil(startMs / 1000);
    this.#lastS = Math.floor(endMs / 1000);
  }

  /** Gives the first match after an instant, up to the end of 2099. */
  next(after: number): number | null {
    const from = Math.floor(after / 1000) + 1;
    const at = this.#times.next(from > this.#firstS ? from : this.#firstS);
    return at <= this.#lastS && at !== Infinity ? at * 1000 : null;
  }

  /** Gives the last match before an instant, down to 1970. */
  previous(before: number): number | null {
    const until = Math.ceil(before / 1000) - 1;
    const at = this.#times.previous(until < this.#lastS ? until : this.#lastS);
    return at >= this.#firstS && at !== -Infinity ? at * 1000 : null;
  }

  /** Counts the matches in `[from, to]` by days, without walking through them. */
  count(from: number, to: number): number {
    const first = Math.max(Math.ceil(from / 1000), this.#firstS);
    const last = Math.min(Math.floor(to / 1000), this.#lastS);
    return first > last ? 0 : this.#times.count(first, last);
  }

  /** Fixes the zone, and every `H` by a hash of the job's id. */
  bind(binding: TriggerBinding): CronTrigger {
    const zoned = this.inTimezone(binding.timezone ?? 'UTC');
    const source = this.#source;
    if (typeof source !== 'string' || !hasHash(source)) return zoned;
    return new CronTrigger(resolveHashes(source, binding.jobId), zoned.#options());
  }

  /** Fixes the zone if none was given. */
  inTimezone(timezone: string): CronTrigger {
    return this.timezone === undefined
      ? new CronTrigger(this.#source, { ...this.#options(), timezone })
      : this;
  }

  /** Gives `{ cron, timezone, start, end, dst }`, without what was not given. */
  toJSON(): JsonObject {
    const source = this.#source;
    return { cron: typeof source === 'string' ? source : { ...source }, ...this.#options() };
  }

  #options(): {
    timezone?: string;
    start?: string;
    end?: string;
    dst?: { gap?: GapRule | undefined; overlap?: OverlapRule | undefined };
  } {
    return {
      ...(this.timezone === undefined ? {} : { timezone: this.timezone }),
      ...(this.#start === undefined ? {} : { start: showInstant(this.#start) }),
      ...(this.#end === undefined ? {} : { end: showInstant(this.#end) }),
      ...(this.#dst === undefined ? {} : { dst: { ...this.#dst } }),
    };
  }
}

/**
 * Makes a trigger from APScheduler's named fields, all of which must match: `{ day: 'last fri', hour: 17 }`.
 *
 * Fields finer than the finest one given take their least value, coarser ones every value.
 *
 * @throws {@link InvalidTriggerError} when a field does not parse, or no time ever matches
 */
export function cron(fields: NamedCronFields, options?: CronOptions): CronTrigger;
/**
 * Makes a trigger from a cron expression: five fields (minute, hour, day of month, month, day of week), six with
 * seconds first, seven with the year last, or a nickname such as `@daily`. `@every 5m` makes an interval.
 *
 * When day of month and day of week are both restricted, a day that matches either is meant; a field that begins with
 * `*` or `?` is not restricted (Vixie cron, crontab(5)). 0 and 7 are Sunday. `L`, `W` and `#` are Quartz's, `H` is
 * Jenkins's. Years are 1970 to 2099.
 *
 * @throws {@link InvalidTriggerError} when the expression does not parse, naming the field and the position, or when
 * no time ever matches it
 * @example
 * ```ts
 * import { cron } from 'escapement';
 *
 * cron('0 2 * * *', { timezone: 'Asia/Shanghai' });
 * cron('H H(0-5) * * mon-fri');
 * ```
 */
export function cron(
  expression: string | NamedCronFields,
  options?: CronOptions,
): CronTrigger | IntervalTrigger;
export function cron(
  source: string | NamedCronFields,
  options: CronOptions = {},
): CronTrigger | IntervalTrigger {
  refuseUnknownKeys(options, ['timezone', 'start', 'end', 'dst']);
  const period = typeof source === 'string' ? readEvery(source) : undefined;
  if (period === undefined) return new CronTrigger(source, options);
  const { dst, ...rest } = options;
  if (dst === undefined) return interval(period, rest);
  throw new InvalidTriggerError({
    field: 'dst',
    expected: 'absent: @every counts elapsed time',
    received: dst,
  });
}

/** Reads `{ cron, timezone, start, end, dst }`. */
export function parseCronRecord(record: JsonObject): CronTrigger | IntervalTrigger {
  const { cron: source, ...options } = record as unknown as CronRecord;
  return cron(source, options);
}

function compile(source: unknown): CronTimes {
  if (typeof source === 'string') return compileCron(resolveHashes(expandNickname(source), ''));
  return compileNamedFields(source);
}
