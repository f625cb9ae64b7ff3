import { InvalidOptionError } from '../errors/input-errors.js';
import { DAY_S, dayOfDate } from './civil-date.js';
import { findSpans, type ZoneSpan } from './zone-span.js';
import { isTimezone } from './zones.js';

/** Is the length of the stretches that are looked up in the runtime's zone data at a time: 2^25 s, a bit over a year. */
const WINDOW_S = 33_554_432;

/** Is the farthest instant from the epoch that the runtime can format, in seconds (ECMAScript, Time Values). */
const MAX_INSTANT_S = 8.64e12;

const ALWAYS_UTC: ZoneSpan = {
  from: -Infinity,
  to: Infinity,
  offset: 0,
  changedAt: -Infinity,
  gap: 0,
  repeatedUntil: -Infinity,
  repeatsFrom: Infinity,
};

// A memo of facts that never change while the process runs: what the runtime's zone data says. Schedulers that share it
// learn nothing of each other. It grows with the zones in use, and in each with the years asked about.
const memo = new Map<string, ZoneOffsets>();

/**
 * Tells a zone's offset from UTC at any instant, from the runtime's own zone data.
 *
 * The data is looked up about a year at a time, when first asked about, and kept; no `Date` or `Intl` object is used
 * after that.
 */
export class ZoneOffsets {
  readonly #clock: Intl.DateTimeFormat;
  readonly #windows = new Map<number, readonly ZoneSpan[]>();
  #latest: ZoneSpan;

  /** Starts with nothing looked up; {@link zoneOffsets} gives the shared one. */
  constructor(timezone: string) {
    this.#clock = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone: timezone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    this.#latest = timezone === 'UTC' ? ALWAYS_UTC : { ...ALWAYS_UTC, to: -Infinity };
  }

  /** Gives the span that an instant, in epoch seconds, lies in. A span may end without a change of the offset. */
  spanAt(instant: number): ZoneSpan {
    const latest = this.#latest;
    return instant >= latest.from && instant < latest.to ? latest : this.#find(instant);
  }

  /**
   * Gives the instant at which the wall clock shows a time. A time that is skipped moves on by the length of the gap; of
   * one that comes twice the first is meant (RFC 5545, 3.3.5).
   *
   * @param wall - the wall time in seconds, as if it were UTC
   * @returns the instant in epoch seconds
   */
  instantOf(wall: number): number {
    let span = this.spanAt(wall - 2 * DAY_S);
    let { offset } = span;
    while (wall - span.offset >= span.to) {
      offset = span.offset;
      span = this.spanAt(span.to);
    }
    const instant = wall - span.offset;
    return instant >= span.from ? instant : wall - offset;
  }

  #find(instant: number): ZoneSpan {
    const index = Math.floor(instant / WINDOW_S);
    let window = this.#windows.get(index);
    if (window === undefined) {
      window = findSpans((at) => this.#lookUp(at), index * WINDOW_S, (index + 1) * WINDOW_S);
      this.#windows.set(index, window);
    }
    for (const span of window) {
      if (instant < span.to) {
        this.#latest = span;
        return span;
      }
    }
    return this.#latest;
  }

  /** Reads the wall clock off the runtime's formatter: `5/31/1971 AD, 20:00:00`. */
  #lookUp(asked: number): number {
    const instant = Math.min(Math.max(asked, -MAX_INSTANT_S), MAX_INSTANT_S);
    const text = this.#clock.format(instant * 1000);
    const [month = 1, day = 1, year = 1, hour = 0, minute = 0, second = 0] = (text.match(/\d+/g) ?? []).map(
      Number,
    );
    const days = dayOfDate(text.includes('B') ? 1 - year : year, month, day);
    return days * DAY_S + hour * 3600 + minute * 60 + second - instant;
  }
}

/** Gives a zone's offsets, or `null` for a zone that the runtime does not know. */
export function findZone(timezone: string): ZoneOffsets | null {
  const known = memo.get(timezone);
  if (known !== undefined) return known;
  if (!isTimezone(timezone)) return null;
  const zone = new ZoneOffsets(timezone);
  memo.set(timezone, zone);
  return zone;
}

/**
 * Gives a zone's offsets.
 *
 * @throws {@link InvalidOptionError} when the runtime does not know the zone
 */
export function zoneOffsets(timezone: string): ZoneOffsets {
  const zone = findZone(timezone);
  if (zone !== null) return zone;
  throw new InvalidOptionError('timezone', 'a time zone that this runtime knows', timezone);
}
