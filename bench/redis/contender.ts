import type { Redis } from 'ioredis';
import type { Contender } from '../support/contender.js';
import type { Place } from './keyspace.js';

/** Is how many jobs everybody runs at once in a process. */
export const CONCURRENCY = 50;

/** Is a way to run jobs out of Redis. */
export interface RedisContender extends Contender {
  /** Counts how many of so many jobs Redis knows to be done. */
  countDone(redis: Redis, place: Place, jobs: number): Promise<number>;
}

/** Is a schedule: an interval that begins at an instant or, as it comes, by itself; or a cron expression. */
export type Timing =
  | { readonly kind: 'interval'; readonly ms: number; readonly startAt?: number }
  | { readonly kind: 'cron'; readonly expression: string };

/** Is a schedule with the id under which it is put. */
export interface Schedule {
  /** Names it. */
  readonly id: string;
  /** Says when it fires. */
  readonly timing: Timing;
}

/** Is a process that keeps schedules, and can run what they fire. */
export interface ScheduleKeeper {
  /** Puts schedules: makes those that there are not, and leaves those alone that are the same. */
  upsert(schedules: readonly Schedule[]): Promise<void>;
  /** Begins to run what is due. */
  run(): Promise<void>;
  /** Stops, and ends the connections. */
  close(): Promise<void>;
}

/** Takes the instant at which a run should have started, in epoch milliseconds. */
export type OnFire = (fireAt: number) => void;

/** Puts items so many at a time, all of those under way at once. */
export async function inChunks<T>(
  items: readonly T[],
  size: number,
  put: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let done = 0; done < items.length; done += size)
    await Promise.all(items.slice(done, done + size).map(put));
}
