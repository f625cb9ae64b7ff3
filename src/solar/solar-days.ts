import { BoundedMap } from '../internal/bounded-map.js';
import type { Astronomy, AstroObserver } from './astronomy.js';
import { heightOf, type SolarEventRule } from './solar-event.js';

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;

/** Are the days of mean solar time that are searched: 1970 to 2099. */
const FIRST_DAY = 0;
const LAST_DAY = Date.UTC(2100, 0, 1) / DAY_MS;

/** Is how many days are searched for one event. Even where the sun rises once a year, a year has one. */
const REACH_DAYS = 400;
const REMEMBERED_DAYS = 64;

/** Is how far off the quick look at a day may be, in degrees. */
const MARGIN = 2;
const RADIANS = Math.PI / 180;
const TILT = 23.44;
const YEAR_DAYS = 365.2422;
/** Is a winter solstice: 22 December 1969, in days of the Unix epoch. */
const SOLSTICE_DAY = -10;

/** Is a place on earth. */
export interface Place {
  /** Is the latitude in degrees, north positive. */
  readonly latitude: number;
  /** Is the longitude in degrees, east positive. */
  readonly longitude: number;
}

/**
 * Gives the times of a solar event, day after day. A day begins at mean solar midnight of the place, and its events are
 * searched from there whatever instant is asked about: an iterated and a fresh answer are the same. Times are rounded to
 * the second.
 */
export class SolarDays {
  readonly #astronomy: Astronomy;
  readonly #rule: SolarEventRule;
  readonly #observer: AstroObserver;
  readonly #latitude: number;
  readonly #midnightMs: number;
  readonly #days = new BoundedMap<number, readonly number[]>(REMEMBERED_DAYS);

  /** Makes the sequence. */
  constructor(astronomy: Astronomy, rule: SolarEventRule, place: Place) {
    this.#astronomy = astronomy;
    this.#rule = rule;
    this.#observer = new astronomy.Observer(place.latitude, place.longitude, 0);
    this.#latitude = place.latitude;
    this.#midnightMs = -Math.round((place.longitude / 360) * DAY_MS);
  }

  /** Gives the first event after an instant, or `null`. */
  next(after: number): number | null {
    const first = Math.max(this.#dayOf(after) - 1, FIRST_DAY);
    for (let day = first; day <= Math.min(first + REACH_DAYS, LAST_DAY); day += 1) {
      const at = this.#eventsOf(day).find((event) => event > after);
      if (at !== undefined) return at;
    }
    return null;
  }

  /** Gives the last event before an instant, or `null`. */
  previous(before: number): number | null {
    const last = Math.min(this.#dayOf(before) + 1, LAST_DAY);
    for (let day = last; day >= Math.max(last - REACH_DAYS, FIRST_DAY); day -= 1) {
      const at = this.#eventsOf(day)
        .filter((event) => event < before)
        .at(-1);
      if (at !== undefined) return at;
    }
    return null;
  }

  #dayOf(instant: number): number {
    return Math.floor((instant - this.#midnightMs) / DAY_MS);
  }

  #eventsOf(day: number): readonly number[] {
    return this.#canHappen(day) ? this.#days.get(day, () => this.#search(day)) : [];
  }

  /** Tells at a glance whether the sun may reach the height at all on a day: a polar day or night takes months. */
  #canHappen(day: number): boolean {
    const height = heightOf(this.#rule);
    if (height === null) return true;
    const declination = -TILT * Math.cos(((day - SOLSTICE_DAY) / YEAR_DAYS) * 360 * RADIANS);
    const highest = 90 - Math.abs(this.#latitude - declination);
    const lowest = Math.abs(this.#latitude + declination) - 90;
    return height < highest + MARGIN && height > lowest - MARGIN;
  }

  /** Lists the events of a day. Near the poles there may be two of a kind. */
  #search(day: number): readonly number[] {
    const end = (day + 1) * DAY_MS + this.#midnightMs;
    const events: number[] = [];
    let start = day * DAY_MS + this.#midnightMs;
    while (start < end) {
      const at = this.#find(start, (end - start) / DAY_MS);
      if (at === null || at >= end) break;
      events.push(Math.round(at / SECOND_MS) * SECOND_MS);
      start = this.#rule.passes === 'meridian' ? end : at + SECOND_MS;
    }
    return events;
  }

  #find(start: number, limitDays: number): number | null {
    const astronomy = this.#astronomy;
    const from = new Date(start);
    const rule = this.#rule;
    switch (rule.passes) {
      case 'height':
        return timeOf(
          astronomy.SearchAltitude('Sun', this.#observer, rule.direction, from, limitDays, rule.degrees),
        );
      case 'horizon':
        return timeOf(astronomy.SearchRiseSet('Sun', this.#observer, rule.direction, from, limitDays));
      case 'meridian':
        return timeOf(astronomy.SearchHourAngle('Sun', this.#observer, 0, from, 1).time);
    }
  }
}

function timeOf(found: { readonly date: Date } | null): number | null {
  return found === null ? null : found.date.getTime();
}
