import { DAY_S } from '../../time/civil-date.js';
import type { ZoneOffsets } from '../../time/zone-offsets.js';
import type { DaysOff } from './days-off.js';
import type { Exclusion } from './exclusion.js';
import type { TimeWindows } from './time-windows.js';

/**
 * Excludes what a zone's wall clock shows: days, and windows of the day. Skipping stops at each change of the clock, up
 * to which the wall clock runs evenly, and is asked again from there.
 */
export class WallExclusion implements Exclusion {
  readonly #days: DaysOff;
  readonly #windows: TimeWindows;
  readonly #zone: ZoneOffsets;

  /** Makes the rule. */
  constructor(days: DaysOff, windows: TimeWindows, zone: ZoneOffsets) {
    this.#days = days;
    this.#windows = windows;
    this.#zone = zone;
  }

  skipForwards(at: number): number {
    const second = Math.floor(at / 1000);
    const span = this.#zone.spanAt(second);
    const wall = second + span.offset;
    const out = this.#nextOut(wall);
    return out === wall ? at : Math.min(out - span.offset, span.to) * 1000;
  }

  skipBackwards(at: number): number {
    const second = Math.floor(at / 1000);
    const span = this.#zone.spanAt(second);
    const wall = second + span.offset;
    const out = this.#previousOut(wall);
    return out === wall ? at : Math.max(out - span.offset + 1, span.from) * 1000 - 1;
  }

  #nextOut(wall: number): number {
    let at = wall;
    for (;;) {
      const today = Math.floor(at / DAY_S);
      const day = this.#days.nextOut(today);
      const time = day === today ? at - today * DAY_S : 0;
      const out = this.#windows.nextOut(time);
      at = day * DAY_S + out;
      if (out < DAY_S) return at;
    }
  }

  #previousOut(wall: number): number {
    let at = wall;
    for (;;) {
      const today = Math.floor(at / DAY_S);
      const day = this.#days.previousOut(today);
      const time = day === today ? at - today * DAY_S : DAY_S - 1;
      const out = this.#windows.previousOut(time);
      at = day * DAY_S + out;
      if (out >= 0) return at;
    }
  }
}
