import type { GapRule, OverlapRule } from '../../../src/triggers/dst-rules.js';
import { wallClock } from './zones.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Says which minutes of wall time are meant, on which clock. */
export interface LiteralMinutes {
  readonly zone: string;
  readonly gap: GapRule;
  readonly overlap: OverlapRule;
  /** The seconds of each minute that is meant. */
  readonly seconds: readonly number[];
  /** Tells whether a minute is meant; it is given the wall time as if the wall clock were UTC. */
  readonly matchesMinute: (wall: Date) => boolean;
}

/**
 * Lists the instants in `[from, to]` the slow way: it reads the zone's wall clock at every minute around, asks of every
 * minute of wall time in turn whether it is meant, and only then when that minute comes, if it does.
 */
export function literalInstants(schedule: LiteralMinutes, from: number, to: number): readonly number[] {
  const { zone, gap, overlap, seconds, matchesMinute } = schedule;
  // A change moves the clock by two hours at most, but for the day that Apia left out.
  const reach = (zone === 'Pacific/Apia' ? 26 : 4) * HOUR_MS;
  const first = Math.floor((from - reach) / MINUTE_MS) * MINUTE_MS;
  const comes = new Map<number, number[]>();
  const skipped: { readonly wall: number; readonly lastBefore: number; readonly resumed: number }[] = [];
  let before = wallClock(zone, first - MINUTE_MS);
  for (let instant = first; instant <= to + reach; instant += MINUTE_MS) {
    const wall = wallClock(zone, instant);
    comes.set(wall, [...(comes.get(wall) ?? []), instant]);
    for (let lost = before + MINUTE_MS; lost < wall; lost += MINUTE_MS) {
      skipped.push({ wall: lost, lastBefore: before, resumed: instant });
    }
    before = wall;
  }

  const fires = new Set<number>();
  for (const [wall, instants] of comes) {
    if (!matchesMinute(new Date(wall))) continue;
    const chosen =
      overlap === 'both' ? instants : [overlap === 'first' ? Math.min(...instants) : Math.max(...instants)];
    for (const instant of chosen) for (const value of seconds) fires.add(instant + value * 1000);
  }
  for (const { wall, lastBefore, resumed } of skipped) {
    if (gap === 'skip' || !matchesMinute(new Date(wall))) continue;
    const shifted = resumed - MINUTE_MS + (wall - lastBefore);
    for (const value of seconds) fires.add(gap === 'after' ? resumed : shifted + value * 1000);
  }
  return [...fires].filter((instant) => instant >= from && instant <= to).sort((a, b) => a - b);
}
