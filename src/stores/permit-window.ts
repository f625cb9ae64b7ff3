import type { Permits, PermitRequest } from './job-store.js';

/** Are permits that were given close to each other: when the first of them was, when the last was, and how many. */
export type PermitGrant = readonly [from: number, until: number, count: number];

/** Holds the grants that still count, the oldest first. */
export type PermitWindow = readonly PermitGrant[];

/** Is how many grants a window holds at most: those that are closer than this part of it become one. */
export const PERMIT_PARTS: number = 100;

/** Is what a take leaves behind. */
export interface TakenPermits {
  /** Is what was given. */
  readonly permits: Permits;
  /** Is the window after it. */
  readonly window: PermitWindow;
}

/**
 * Takes permits from a sliding window: in no span of `perMs` are more than `max` given. A grant counts until a whole span
 * has passed since the last permit of it.
 *
 * @param now - the store's time; one that went back counts as standing still
 */
export function takeFromWindow(window: PermitWindow, request: PermitRequest, now: number): TakenPermits {
  const { wanted, max, perMs } = request;
  const last = window.at(-1);
  const at = Math.max(now, last?.[1] ?? now);
  const counting = window.filter(([, until]) => until + perMs > at);
  const used = counting.reduce((sum, [, , count]) => sum + count, 0);
  const granted = Math.max(0, Math.min(wanted, max - used));
  const after = grant(counting, granted, at, perMs);
  const nextAt = granted < wanted ? (after[0]?.[1] ?? at) + perMs : null;
  return { permits: { now: at, granted, nextAt }, window: after };
}

/** Puts permits back that were given at an instant. */
export function returnToWindow(window: PermitWindow, count: number, takenAt: number): PermitWindow {
  return window
    .map(([from, until, given]): PermitGrant => {
      const isIts = from <= takenAt && takenAt <= until;
      return [from, until, isIts ? Math.max(0, given - count) : given];
    })
    .filter(([, , given]) => given > 0);
}

function grant(window: PermitWindow, granted: number, at: number, perMs: number): PermitWindow {
  if (granted === 0) return window;
  const last = window.at(-1);
  if (last === undefined || at - last[0] >= perMs / PERMIT_PARTS) return [...window, [at, at, granted]];
  return [...window.slice(0, -1), [last[0], at, last[2] + granted]];
}
