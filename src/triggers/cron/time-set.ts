import { bitsOf, countBits, countBitsBelow, hasBit, lowestBit, nextBit, previousBit } from './bits.js';

const MINUTE_S = 60;
const HOUR_S = 3600;

/** Is the set of the times of day, in seconds since midnight, whose hour, minute and second are each allowed. */
export class TimeSet {
  /** Is the least time. */
  readonly first: number;
  /** Is the greatest time. */
  readonly last: number;
  /** Counts the times of a day. */
  readonly size: number;
  /** Says that every hour is allowed. */
  readonly everyHour: boolean;
  readonly #hours: number;
  readonly #minutesLow: number;
  readonly #minutesHigh: number;
  readonly #secondsLow: number;
  readonly #secondsHigh: number;

  /** Makes the set from the allowed values of each field, none of them empty. */
  constructor(hours: Iterable<number>, minutes: Iterable<number>, seconds: Iterable<number>) {
    const allMinutes = [...minutes];
    const allSeconds = [...seconds];
    this.#hours = bitsOf(hours);
    this.#minutesLow = bitsOf(allMinutes);
    this.#minutesHigh = bitsOf(allMinutes, 32);
    this.#secondsLow = bitsOf(allSeconds);
    this.#secondsHigh = bitsOf(allSeconds, 32);
    this.first = this.#firstFrom(lowestBit(this.#hours));
    this.last = this.#lastUpTo(31 - Math.clz32(this.#hours));
    this.everyHour = this.#hours === 0xffffff;
    this.size = countBits(this.#hours) * this.#minutesPerHour() * this.#secondsPerMinute();
  }

  /** Gives the least time that is not before `from`, or -1. */
  next(from: number): number {
    const hour = (from / HOUR_S) | 0;
    if (((this.#hours >>> hour) & 1) === 1) {
      const rest = from - hour * HOUR_S;
      const minute = (rest / MINUTE_S) | 0;
      let nextMinute = nextBit(this.#minutesLow, this.#minutesHigh, minute);
      if (nextMinute === minute) {
        const second = nextBit(this.#secondsLow, this.#secondsHigh, rest - minute * MINUTE_S);
        if (second >= 0) return hour * HOUR_S + minute * MINUTE_S + second;
        nextMinute = nextBit(this.#minutesLow, this.#minutesHigh, minute + 1);
      }
      if (nextMinute >= 0) {
        return hour * HOUR_S + nextMinute * MINUTE_S + nextBit(this.#secondsLow, this.#secondsHigh, 0);
      }
    }
    const later = this.#hours & (-2 << hour);
    return later === 0 ? -1 : this.#firstFrom(lowestBit(later));
  }

  /** Gives the greatest time that is not after `until`, or -1. */
  previous(until: number): number {
    const hour = (until / HOUR_S) | 0;
    if (((this.#hours >>> hour) & 1) === 1) {
      const rest = until - hour * HOUR_S;
      const minute = (rest / MINUTE_S) | 0;
      let previousMinute = previousBit(this.#minutesLow, this.#minutesHigh, minute);
      if (previousMinute === minute) {
        const second = previousBit(this.#secondsLow, this.#secondsHigh, rest - minute * MINUTE_S);
        if (second >= 0) return hour * HOUR_S + minute * MINUTE_S + second;
        previousMinute = previousBit(this.#minutesLow, this.#minutesHigh, minute - 1);
      }
      if (previousMinute >= 0) {
        return (
          hour * HOUR_S + previousMinute * MINUTE_S + previousBit(this.#secondsLow, this.#secondsHigh, 59)
        );
      }
    }
    const earlier = this.#hours & ~(-1 << hour);
    return earlier === 0 ? -1 : this.#lastUpTo(31 - Math.clz32(earlier));
  }

  /** Counts the times before `end`, which is 0 to 86400. */
  countBelow(end: number): number {
    const hour = (end / HOUR_S) | 0;
    const rest = end - hour * HOUR_S;
    const minute = (rest / MINUTE_S) | 0;
    let seconds = countBits(this.#hours & ~(-1 << hour)) * this.#minutesPerHour() * this.#secondsPerMinute();
    if (((this.#hours >>> hour) & 1) === 0) return seconds;
    seconds += countBitsBelow(this.#minutesLow, this.#minutesHigh, minute) * this.#secondsPerMinute();
    if (!hasBit(this.#minutesLow, this.#minutesHigh, minute)) return seconds;
    return seconds + countBitsBelow(this.#secondsLow, this.#secondsHigh, rest - minute * MINUTE_S);
  }

  #firstFrom(hour: number): number {
    const minute = nextBit(this.#minutesLow, this.#minutesHigh, 0);
    return hour * HOUR_S + minute * MINUTE_S + nextBit(this.#secondsLow, this.#secondsHigh, 0);
  }

  #lastUpTo(hour: number): number {
    const minute = previousBit(this.#minutesLow, this.#minutesHigh, 59);
    return hour * HOUR_S + minute * MINUTE_S + previousBit(this.#secondsLow, this.#secondsHigh, 59);
  }

  #minutesPerHour(): number {
    return countBits(this.#minutesLow) + countBits(this.#minutesHigh);
  }

  #secondsPerMinute(): number {
    return countBits(this.#secondsLow) + countBits(this.#secondsHigh);
  }
}
