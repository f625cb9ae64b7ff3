import { DAY_S } from '../../time/civil-date.js';
import type { WallTimes } from '../wall-times.js';
import type { DaySet } from './day-set.js';
import type { TimeSet } from './time-set.js';

/** Is the set of wall-clock times that a cron expression matches: on each of its days, each of its times of day. */
export class CronTimes implements WallTimes {
  readonly #days: DaySet;
  readonly #times: TimeSet;

  /** Makes the set. */
  constructor(days: DaySet, times: TimeSet) {
    this.#days = days;
    this.#times = times;
  }

  /** Says that every hour is allowed, whatever the spelling. */
  get everyHour(): boolean {
    return this.#times.everyHour;
  }

  next(wall: number): number {
    const today = Math.floor(wall / DAY_S);
    let day = this.#days.next(today);
    if (day === today) {
      const time = this.#times.next(wall - today * DAY_S);
      if (time >= 0) return day * DAY_S + time;
      day = this.#days.next(today + 1);
    }
    return day * DAY_S + this.#times.first;
  }

  previous(wall: number): number {
    const today = Math.floor(wall / DAY_S);
    let day = this.#days.previous(today);
    if (day === today) {
      const time = this.#times.previous(wall - today * DAY_S);
      if (time >= 0) return day * DAY_S + time;
      day = this.#days.previous(today - 1);
    }
    return day * DAY_S + this.#times.last;
  }

  count(from: number, to: number): number {
    if (to < from) return 0;
    const firstDay = Math.floor(from / DAY_S);
    const lastDay = Math.floor(to / DAY_S);
    let count = this.#days.count(firstDay, lastDay) * this.#times.size;
    if (this.#days.has(firstDay)) count -= this.#times.countBelow(from - firstDay * DAY_S);
    if (this.#days.has(lastDay)) count -= this.#times.size - this.#times.countBelow(to - lastDay * DAY_S + 1);
    return count;
  }
}
