import type { FireSpan } from '../triggers/fire-span.js';
import type { Trigger } from '../triggers/trigger.js';
import { nextAfter, previousBefore } from './sound-times.js';

/** Bounds how often a trigger without `previous` or `count` is asked in one search. */
const MAX_STEPS = 1000;
const FIRST_REACH_MS = 1000;

/**
 * Gives the newest fire time in `[first, at]`, where `first` is one: the newest that the trigger names, or `first`.
 */
export function newestFireTime(trigger: Trigger, first: number, at: number): number {
  if (canLookBack(trigger)) return Math.max(first, previousBefore(trigger, at + 1) ?? first);
  return newestByNext(trigger, first, at, 1).at(-1) ?? first;
}

/** Gives the newest fire times in `[first, last]`, at most `limit`, ascending; both ends are fire times. */
export function newestFireTimes(trigger: Trigger, first: number, last: number, limit: number): number[] {
  if (!canLookBack(trigger)) return newestByNext(trigger, first, last, limit);
  const times: number[] = [];
  for (
    let at: number | null = last;
    at !== null && at > first && times.length < limit;
    at = previousBefore(trigger, at)
  ) {
    times.push(at);
  }
  if (times.length < limit) times.push(first);
  return times.reverse();
}

/** Gives the fire time before `at`, not before `first`; both are fire times, and `first` comes before `at`. */
export function fireTimeBefore(trigger: Trigger, first: number, at: number): number {
  return newestFireTime(trigger, first, at - 1);
}

/** Gives the span of the fire times in `[first, last]`, where both are fire times. */
export function spanOfFireTimes(trigger: Trigger, first: number, last: number): FireSpan {
  if (first === last) return { count: 1, exact: true, firstAt: first, lastAt: last };
  // `first` may have been set by hand, off the trigger's own times: it counts as one whatever the trigger says.
  if (trigger.count !== undefined) {
    return { count: 1 + trigger.count(first + 1, last), exact: true, firstAt: first, lastAt: last };
  }
  let count = 1;
  let at: number | null = first;
  while (at !== null && at < last && count <= MAX_STEPS) {
    at = nextAfter(trigger, at);
    count++;
  }
  return { count, exact: at === last, firstAt: first, lastAt: last };
}

function canLookBack(trigger: Trigger): trigger is Trigger & Required<Pick<Trigger, 'previous'>> {
  return trigger.previous !== undefined;
}

/**
 * Searches backwards with `next` alone: from ever farther back, until what is found suffices; where that is too much to
 * walk through, from half way to it.
 */
function newestByNext(trigger: Trigger, first: number, at: number, limit: number): number[] {
  let found: number[] = [];
  let farthest = first;
  let searched = at + 1;
  let isTooMuch = false;
  for (let reach = FIRST_REACH_MS; found.length < limit && searched > farthest; reach *= 2) {
    const from = isTooMuch ? Math.floor((farthest + searched) / 2) : Math.max(farthest, at - reach);
    const times = timesByNext(trigger, from === first ? first : nextAfter(trigger, from - 1), at);
    if (times === null) {
      isTooMuch = true;
      farthest = from + 1;
    } else {
      found = times;
      searched = from;
    }
  }
  return found.slice(-limit);
}

function timesByNext(trigger: Trigger, from: number | null, at: number): number[] | null {
  const times: number[] = [];
  for (let time = from; time !== null && time <= at; time = nextAfter(trigger, time)) {
    times.push(time);
    if (times.length > MAX_STEPS) return null;
  }
  return times;
}
