/**
 * Is a stretch of time in which a zone's offset stands still, with what the clock changes at its ends do to wall time.
 * All figures are whole seconds: instants since the Unix epoch, wall times as if the wall clock were UTC.
 */
export interface ZoneSpan {
  /** Is the first instant. */
  readonly from: number;
  /** Is the instant after the last one. */
  readonly to: number;
  /** Is the wall clock's lead over UTC. */
  readonly offset: number;
  /** Is the instant of the clock change before; it may lie before `from`. Matters only where `gap` is not 0. */
  readonly changedAt: number;
  /** Counts the seconds of wall time that the change before skipped, which end at `changedAt` + `offset`; 0 if none. */
  readonly gap: number;
  /** Is the wall time up to which the change before repeats what was there already; `-Infinity` if it does not. */
  readonly repeatedUntil: number;
  /** Is the wall time from which on the change after comes again; `Infinity` if none does. */
  readonly repeatsFrom: number;
}

/** Is a change of a zone's offset. */
interface ZoneChange {
  /** Is the first instant of the new offset, in epoch seconds. */
  readonly at: number;
  /** Is the offset until then, in seconds. */
  readonly before: number;
  /** Is the offset from then on, in seconds. */
  readonly after: number;
}

/**
 * Is how far a change may lie from a span's end and still be looked at, in seconds: no change moves a clock by more than
 * a day.
 */
const CHANGE_REACH_S = 3 * 86_400;

// No two changes of any zone, in all of tzdb, lie closer than 3.98 days (Africa/Freetown in 1939).
const STEP_S = 3 * 86_400;

/**
 * Finds the spans of `[from, to)`, and the changes close around it.
 *
 * @param offsetAt - gives the offset in seconds at an instant in epoch seconds
 */
export function findSpans(
  offsetAt: (instant: number) => number,
  from: number,
  to: number,
): readonly ZoneSpan[] {
  const changes = findChanges(offsetAt, from - CHANGE_REACH_S, to + CHANGE_REACH_S);
  const cuts = changes.filter((change) => change.at > from && change.at < to).map((change) => change.at);
  const starts = [from, ...cuts];
  return starts.map((start, index) => spanBetween(changes, start, cuts[index] ?? to, offsetAt));
}

function spanBetween(
  changes: readonly ZoneChange[],
  from: number,
  to: number,
  offsetAt: (instant: number) => number,
): ZoneSpan {
  const previous = changes.filter((change) => change.at <= from).at(-1);
  const following = changes.find((change) => change.at >= to);
  const offset = previous?.after ?? following?.before ?? offsetAt(from);
  const span = { from, to, offset, changedAt: from, gap: 0, repeatedUntil: -Infinity, repeatsFrom: Infinity };
  if (previous !== undefined) {
    span.changedAt = previous.at;
    if (previous.after > previous.before) span.gap = previous.after - previous.before;
    else span.repeatedUntil = previous.at + previous.before;
  }
  if (following !== undefined && following.after < following.before)
    span.repeatsFrom = following.at + following.after;
  return span;
}

function findChanges(offsetAt: (instant: number) => number, from: number, to: number): readonly ZoneChange[] {
  const changes: ZoneChange[] = [];
  let low = from;
  let before = offsetAt(low);
  while (low < to) {
    const high = Math.min(low + STEP_S, to);
    const after = offsetAt(high);
    if (after !== before) changes.push({ at: bisect(offsetAt, low, high, before), before, after });
    low = high;
    before = after;
  }
  return changes;
}

function bisect(offsetAt: (instant: number) => number, low: number, high: number, before: number): number {
  let same = low;
  let changed = high;
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (offsetAt(middle) === before) same = middle;
    else changed = middle;
  }
  return changed;
}
