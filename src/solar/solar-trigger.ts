import { InvalidOptionError, InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { durationMs, type DurationInput } from '../time/durations.js';
import { BaseTrigger } from '../triggers/base-trigger.js';
import { refuseUnknownKeys } from '../triggers/record-keys.js';
import type { TriggerCodec } from '../triggers/trigger.js';
import { loadAstronomy } from './astronomy.js';
import { SolarDays } from './solar-days.js';
import { SOLAR_EVENTS, type SolarEvent } from './solar-event.js';

/** Are the place and the options of {@link solar}. */
export interface SolarOptions {
  /** Is the latitude in degrees, north positive: -90 to 90. */
  readonly latitude: number;
  /** Is the longitude in degrees, east positive: -180 to 180. */
  readonly longitude: number;
  /** Moves the fire time: `{ minutes: -30 }` is half an hour before the event. At most a day. @defaultValue 0 */
  readonly offset?: DurationInput | undefined;
}

/** Is the shorthand of a solar trigger: `{ solar: 'sunrise', latitude: 31.23, longitude: 121.47 }`. */
export interface SolarRecord extends SolarOptions {
  /** Names the event. */
  readonly solar: SolarEvent;
}

const EVENTS = Object.keys(SOLAR_EVENTS);
const DAY_MS = 86_400_000;

/** Fires at an event of the sun's day at a place. Made by {@link solar}. */
export class SolarTrigger extends BaseTrigger {
  /** Names the kind. */
  readonly kind = 'solar';
  /** Names the event. */
  readonly event: SolarEvent;
  /** Is the latitude in degrees, north positive. */
  readonly latitude: number;
  /** Is the longitude in degrees, east positive. */
  readonly longitude: number;
  /** Is how long after the event it fires, in milliseconds. */
  readonly offsetMs: number;
  readonly #days: SolarDays;

  /**
   * Makes the trigger; {@link solar} is the usual way.
   *
   * @throws `InvalidTriggerError` when the event, the place or the offset is not one
   * @throws `MissingPeerError` when astronomy-engine is not installed
   */
  constructor(event: SolarEvent, options: SolarOptions) {
    super();
    this.event = readEvent(event);
    this.latitude = readDegrees(options.latitude, 'latitude', 90);
    this.longitude = readDegrees(options.longitude, 'longitude', 180);
    this.offsetMs = options.offset === undefined ? 0 : readOffset(options.offset);
    this.#days = new SolarDays(loadAstronomy(), SOLAR_EVENTS[this.event], this);
  }

  /** Gives the first event after an instant, up to the end of 2099; on a polar day or night, the first after it. */
  next(after: number): number | null {
    const at = this.#days.next(after - this.offsetMs);
    return at === null ? null : at + this.offsetMs;
  }

  /** Gives the last event before an instant, down to 1970. */
  previous(before: number): number | null {
    const at = this.#days.previous(before - this.offsetMs);
    return at === null ? null : at + this.offsetMs;
  }

  /** Gives `{ solar, latitude, longitude, offset }`: the offset in milliseconds, unless it is 0. */
  toJSON(): JsonObject {
    const { event, latitude, longitude, offsetMs } = this;
    return { solar: event, latitude, longitude, ...(offsetMs === 0 ? {} : { offset: offsetMs }) };
  }
}

/**
 * Makes a trigger that fires at an event of the sun's day: the dawns, sunrise, noon, sunset and the dusks, by Celery's
 * names. At sea level, for an average refraction; to about a minute, and a few near the poles. Where the event does not
 * happen today, because the sun stays up or down, it waits for the next day on which it does.
 *
 * Needs the package astronomy-engine, and {@link solarCodec} in the scheduler's options.
 *
 * @throws `InvalidTriggerError` when the event, the place or the offset is not one
 * @throws `MissingPeerError` when astronomy-engine is not installed
 * @example
 * ```ts
 * import { Scheduler } from 'escapement';
 * import { solar, solarCodec } from 'escapement/solar';
 *
 * const lightsOn = solar('sunset', { latitude: 31.2304, longitude: 121.4737, offset: { minutes: -30 } });
 * const scheduler = new Scheduler({ triggers: [solarCodec] });
 * ```
 */
export function solar(event: SolarEvent, options: SolarOptions): SolarTrigger {
  refuseUnknownKeys(options, ['latitude', 'longitude', 'offset']);
  return new SolarTrigger(event, options);
}

/** Reads solar triggers; passed in `new Scheduler({ triggers: [solarCodec] })`. */
export const solarCodec: TriggerCodec = {
  kind: 'solar',
  parse: (record: JsonObject): SolarTrigger => {
    const { solar: event, ...options } = record as unknown as SolarRecord;
    return solar(event, options);
  },
};

function readEvent(event: unknown): SolarEvent {
  if (typeof event === 'string' && EVENTS.includes(event)) return event as SolarEvent;
  throw new InvalidTriggerError({ field: 'solar', expected: `one of ${EVENTS.join(', ')}`, received: event });
}

function readDegrees(degrees: unknown, field: string, max: number): number {
  if (typeof degrees === 'number' && Math.abs(degrees) <= max) return degrees;
  const expected = `degrees from ${String(-max)} to ${String(max)}`;
  throw new InvalidTriggerError({ field, expected, received: degrees });
}

function readOffset(offset: unknown): number {
  const expected = 'a duration of at most a day, such as { minutes: -30 }';
  try {
    const ms = durationMs(offset, 'offset', { minMs: -DAY_MS });
    if (ms <= DAY_MS) return ms;
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error;
    throw new InvalidTriggerError({ field: error.field, expected, received: offset }, { cause: error });
  }
  throw new InvalidTriggerError({ field: 'offset', expected, received: offset });
}
