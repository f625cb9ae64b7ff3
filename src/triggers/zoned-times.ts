import { DAY_S } from '../time/civil-date.js';
import type { ZoneSpan } from '../time/zone-span.js';
import type { ResolvedDstRules } from './dst-rules.js';
import type { WallTimes } from './wall-times.js';

/** Bounds the instants that are searched, in epoch seconds: 1970 to 2099 on the wall clock of any zone. */
const EARLIEST = -DAY_S;
const LATEST = 4_102_444_800 + DAY_S;

/** Is how much of a search is walked span by span after a jump, in seconds: twice what a clock change can move. */
const MARGIN_S = 2 * DAY_S;

/** Tells a zone's offset, by the part of `ZoneOffsets` that is used here. */
export interface ZoneSpans {
  /** Gives the span that an instant, in epoch seconds, lies in. */
  spanAt(instant: number): ZoneSpan;
}

/**
 * Turns wall-clock times into the instants at which they come in a zone, under the rules for times that a clock change
 * skips or repeats. All figures are whole seconds.
 *
 * Time is walked span by span, a span being a stretch with one offset. In each span the wall clock runs evenly, so that
 * a search is one look into the wall times, cut to those that this span may fire: the second pass of a repeated hour
 * belongs to the span after the change, the first pass to the one before, and what a gap swallowed to the span after it.
 * A far jump of the wall times is followed at once, without visiting the spans between.
 */
export class ZonedTimes {
  readonly #times: WallTimes;
  readonly #zone: ZoneSpans;
  readonly #rules: ResolvedDstRules;

  /** Makes the view of these times in a zone. */
  constructor(times: WallTimes, zone: ZoneSpans, rules: ResolvedDstRules) {
    this.#times = times;
    this.#zone = zone;
    this.#rules = rules;
  }

  /** Gives the first instant that is not before `from`, or `Infinity`. */
  next(from: number): number {
    let at = from > EARLIEST ? from : EARLIEST;
    while (at < LATEST) {
      const span = this.#zone.spanAt(at);
      const wall = this.#times.next(this.#lowest(span, at + span.offset));
      const instant = wall - span.offset;
      const regular = instant < span.to && wall < this.#end(span) ? instant : Infinity;
      const late = at < span.changedAt + span.gap ? this.#nextFromGap(span, at) : Infinity;
      if (late < regular && late < span.to) return late;
      if (regular !== Infinity) return regular;
      // Far from changes that repeat times or bring them late, nothing matches before the time found.
      const settled = late === Infinity && (span.repeatsFrom === Infinity || at + MARGIN_S <= span.to);
      at = settled && instant - MARGIN_S > span.to ? instant - MARGIN_S : span.to;
    }
    return Infinity;
  }

  /** Gives the last instant that is not after `until`, or `-Infinity`. */
  previous(until: number): number {
    let at = until < LATEST ? until : LATEST;
    while (at >= EARLIEST) {
      const span = this.#zone.spanAt(at);
      const wall = this.#times.previous(Math.min(at + span.offset, this.#end(span) - 1));
      const instant = wall - span.offset;
      const regular = instant >= span.from && wall >= this.#lowest(span, wall) ? instant : -Infinity;
      const late = span.from < span.changedAt + span.gap ? this.#previousFromGap(span, at) : -Infinity;
      if (late > regular && late >= span.from) return late;
      if (regular !== -Infinity) return regular;
      const settled = span.repeatedUntil === -Infinity || at - MARGIN_S >= span.from;
      at = settled && instant + MARGIN_S < span.from ? instant + MARGIN_S : span.from - 1;
    }
    return -Infinity;
  }

  /** Counts the instants in `[from, to]`, both included. */
  count(from: number, to: number): number {
    const last = to < LATEST ? to : LATEST;
    let at = from > EARLIEST ? from : EARLIEST;
    let total = 0;
    while (at <= last) {
      const span = this.#zone.spanAt(at);
      const until = Math.min(last, span.to - 1);
      const lowest = this.#lowest(span, at + span.offset);
      total += this.#times.count(lowest, Math.min(until + span.offset, this.#end(span) - 1));
      if (at < span.changedAt + span.gap) total += this.#countFromGap(span, at, until);
      at = span.to;
    }
    return total;
  }

  /** Gives the first wall time, from `wall` on, that the span may fire. */
  #lowest(span: ZoneSpan, wall: number): number {
    return wall < span.repeatedUntil && this.#rules.overlap === 'first' ? span.repeatedUntil : wall;
  }

  /** Gives the wall time from which on the span may fire none. */
  #end(span: ZoneSpan): number {
    return this.#rules.overlap === 'last' ? span.repeatsFrom : Infinity;
  }

  /** Gives the first instant, from `at` on, at which a skipped time comes late; `Infinity` if none does. */
  #nextFromGap(span: ZoneSpan, at: number): number {
    const resumed = span.changedAt + span.offset;
    const skipped = resumed - span.gap;
    switch (this.#rules.gap) {
      case 'skip':
        return Infinity;
      case 'after':
        return at <= span.changedAt && this.#times.next(skipped) < resumed ? span.changedAt : Infinity;
      case 'shift': {
        const wall = this.#times.next(Math.max(at + span.offset - span.gap, skipped));
        return wall < resumed ? wall - span.offset + span.gap : Infinity;
      }
    }
  }

  /** Gives the last instant, up to `at`, at which a skipped time comes late; `-Infinity` if none does. */
  #previousFromGap(span: ZoneSpan, at: number): number {
    const resumed = span.changedAt + span.offset;
    const skipped = resumed - span.gap;
    switch (this.#rules.gap) {
      case 'skip':
        return -Infinity;
      case 'after':
        return span.from <= span.changedAt && this.#times.next(skipped) < resumed
          ? span.changedAt
          : -Infinity;
      case 'shift': {
        const wall = this.#times.previous(Math.min(at + span.offset - span.gap, resumed - 1));
        return wall >= skipped ? wall - span.offset + span.gap : -Infinity;
      }
    }
  }

  /** Counts the instants in `[from, to]`, within the span, at which only skipped times come. */
  #countFromGap(span: ZoneSpan, from: number, to: number): number {
    let count = 0;
    let at = this.#nextFromGap(span, from);
    while (at <= to) {
      const wall = at + span.offset;
      if (this.#times.next(wall) !== wall) count += 1;
      at = this.#rules.gap === 'after' ? Infinity : this.#nextFromGap(span, at + 1);
    }
    return count;
  }
}
