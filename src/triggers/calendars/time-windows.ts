import { InvalidTriggerError } from '../../errors/input-errors.js';
import { DAY_S } from '../../time/civil-date.js';
import { refuseUnknownKeys } from '../record-keys.js';
import { readTimeOfDay } from '../time-of-day.js';
import type { TimeWindow } from './calendar-dates.js';

interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Is a set of the seconds of a day, as windows. */
export class TimeWindows {
  readonly #stretches: readonly Stretch[];

  /**
   * Makes the set.
   *
   * @throws {@link InvalidTriggerError} when a window is not one, or together they fill the day
   */
  constructor(windows: readonly TimeWindow[]) {
    const stretches = windows.flatMap((window, index) =>
      readWindow(window, `calendar.times[${String(index)}]`),
    );
    this.#stretches = joined(stretches);
    const [first] = this.#stretches;
    if (first?.from === 0 && first.to === DAY_S) {
      const expected = 'windows that leave some time of the day';
      throw new InvalidTriggerError({ field: 'calendar.times', expected, received: windows });
    }
  }

  /** Gives the first second from `time` on that is in no window; the length of the day when the windows last. */
  nextOut(time: number): number {
    return this.#stretchOf(time)?.to ?? time;
  }

  /** Gives the last second up to `time` that is in no window; -1 when a window began with the day. */
  previousOut(time: number): number {
    const stretch = this.#stretchOf(time);
    return stretch === undefined ? time : stretch.from - 1;
  }

  #stretchOf(time: number): Stretch | undefined {
    return this.#stretches.find((stretch) => time >= stretch.from && time < stretch.to);
  }
}

function readWindow(window: unknown, field: string): readonly Stretch[] {
  refuseUnknownKeys(window, ['from', 'to']);
  const { from, to } = window as { from?: unknown; to?: unknown };
  const start = readTimeOfDay(from, `${field}.from`);
  const end = readTimeOfDay(to, `${field}.to`, 25);
  if (start < end) return [{ from: start, to: end }];
  if (start > end) {
    return [
      { from: start, to: DAY_S },
      { from: 0, to: end },
    ].filter((stretch) => stretch.from < stretch.to);
  }
  throw new InvalidTriggerError({ field, expected: 'a window whose ends differ', received: window });
}

/** Sorts stretches and joins those that meet. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const result: Stretch[] = [];
  for (const stretch of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (last === undefined || stretch.from > last.to) result.push(stretch);
    else if (stretch.to > last.to) result[result.length - 1] = { from: last.from, to: stretch.to };
  }
  return result;
}
