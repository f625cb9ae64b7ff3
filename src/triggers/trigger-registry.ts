import { InvalidOptionError, InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { parseCalendarIntervalRecord } from './calendar-interval-trigger.js';
import { parseAllOfRecord } from './combinations/all-of-trigger.js';
import { parseAnyOfRecord } from './combinations/any-of-trigger.js';
import { isComposite } from './combinations/composite-trigger.js';
import { parseExcludingRecord } from './combinations/excluding-trigger.js';
import { cron, parseCronRecord } from './cron-trigger.js';
import { parseDateRecord } from './date-trigger.js';
import { parseIntervalRecord } from './interval-trigger.js';
import { isTrigger } from './is-trigger.js';
import { readTimezone } from './record-keys.js';
import type { Trigger, TriggerCodec, TriggerContext } from './trigger.js';

/** Are the options of {@link parseTrigger}. */
export interface ParseTriggerOptions {
  /** Is the zone given to a trigger that names none. @defaultValue none: the trigger stays open until it is bound */
  readonly timezone?: string | undefined;
}

const BUILT_IN: readonly TriggerCodec[] = [
  { kind: 'cron', parse: parseCronRecord },
  { kind: 'date', parse: parseDateRecord },
  { kind: 'interval', parse: parseIntervalRecord },
  { kind: 'calendarInterval', parse: parseCalendarIntervalRecord },
  { kind: 'anyOf', parse: parseAnyOfRecord },
  { kind: 'allOf', parse: parseAllOfRecord },
  { kind: 'excluding', parse: parseExcludingRecord },
];

/** Are the keys that options of built-in kinds have, which can therefore name no kind. */
const RESERVED: readonly string[] = [
  'timezone',
  'start',
  'end',
  'dst',
  'immediate',
  'time',
  'missingDay',
  'calendar',
];

/** Is how deep triggers may lie within each other. */
const MAX_DEPTH = 16;

const EXPECTED = "a trigger, a cron expression, or a record such as { cron: '0 2 * * *' }";

/** Reads triggers of the kinds that a scheduler knows: the built-in ones and the user's own. */
export class TriggerRegistry {
  readonly #codecs = new Map<string, TriggerCodec>();

  /**
   * Makes a registry of the built-in kinds and these.
   *
   * @throws {@link InvalidOptionError} when a codec is not one, or its kind is taken
   */
  constructor(codecs: Iterable<TriggerCodec> = []) {
    for (const codec of BUILT_IN) this.#codecs.set(codec.kind, codec);
    for (const codec of codecs) this.#add(codec);
  }

  /** Lists the kinds, the built-in ones first. */
  get kinds(): readonly string[] {
    return [...this.#codecs.keys()];
  }

  /** Tells whether triggers of a kind can be read. */
  has(kind: string): boolean {
    return this.#codecs.has(kind);
  }

  /**
   * Reads a trigger, a cron expression, or a shorthand record: an object with one key that names a kind.
   *
   * @throws {@link InvalidTriggerError} when it is none of them, or cannot be a trigger of its kind
   */
  parse(input: unknown, options: ParseTriggerOptions = {}): Trigger {
    return this.#parse(input, options, 0);
  }

  #parse(input: unknown, options: ParseTriggerOptions, depth: number): Trigger {
    const timezone = readTimezone(options.timezone);
    const trigger = this.#read(input, options, depth);
    return timezone === undefined ? trigger : (trigger.inTimezone?.(timezone) ?? trigger);
  }

  #read(input: unknown, options: ParseTriggerOptions, depth: number): Trigger {
    if (typeof input === 'string') return cron(input);
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      throw new InvalidTriggerError({ field: 'trigger', expected: EXPECTED, received: input });
    }
    if (isTrigger(input)) return this.#known(input);
    const kinds = Object.keys(input).filter((key) => this.#codecs.has(key));
    const codec = kinds.length === 1 ? this.#codecs.get(kinds.join()) : undefined;
    if (codec === undefined) {
      const expected = `a record with exactly one of the keys ${this.kinds.join(', ')}`;
      throw new InvalidTriggerError({ field: 'trigger', expected, received: input });
    }
    return codec.parse(input as JsonObject, this.#context(options, depth + 1));
  }

  #known(trigger: Trigger): Trigger {
    if (isComposite(trigger)) for (const part of trigger.parts) this.#known(part);
    if (this.#codecs.has(trigger.kind)) return trigger;
    const expected = `of a kind with a codec (${this.kinds.join(', ')}; add one with new Scheduler({ triggers: [codec] }))`;
    throw new InvalidTriggerError({ field: 'trigger.kind', expected, received: trigger.kind });
  }

  #context(options: ParseTriggerOptions, depth: number): TriggerContext {
    if (depth > MAX_DEPTH) {
      const expected = `at most ${String(MAX_DEPTH)} triggers within each other`;
      throw new InvalidTriggerError({ field: 'trigger', expected, received: depth });
    }
    return {
      timezone: options.timezone ?? 'UTC',
      parse: (input, timezone = options.timezone) => this.#parse(input, { timezone }, depth),
    };
  }

  #add(codec: unknown): void {
    const { kind, parse } = (codec ?? {}) as { kind?: unknown; parse?: unknown };
    if (typeof kind !== 'string' || kind === '' || typeof parse !== 'function') {
      throw new InvalidOptionError('triggers', 'codecs { kind, parse }', codec);
    }
    if (this.#codecs.has(kind) || RESERVED.includes(kind)) {
      throw new InvalidOptionError('triggers', 'codecs of kinds that are not taken', kind);
    }
    this.#codecs.set(kind, codec as TriggerCodec);
  }
}
