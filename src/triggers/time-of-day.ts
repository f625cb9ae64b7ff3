import { InvalidTriggerError } from '../errors/input-errors.js';

const TIME = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/;
const MINUTE_S = 60;
const HOUR_S = 3600;

/**
 * Reads a time of day, `9:00`, `09:00` or `09:00:30`, as seconds since midnight.
 *
 * @param until - the least hour that is too late: 24, or 25 where the end of the day may be meant by 24:00
 * @throws {@link InvalidTriggerError} when it is not one
 */
export function readTimeOfDay(input: unknown, field: string, until: 24 | 25 = 24): number {
  const match = typeof input === 'string' ? TIME.exec(input) : null;
  const [hour, minute, second] = [match?.[1], match?.[2], match?.[3] ?? '0'].map(Number);
  if (hour !== undefined && minute !== undefined && second !== undefined && minute < 60 && second < 60) {
    const time = hour * HOUR_S + minute * MINUTE_S + second;
    if (hour < 24 || (until === 25 && time === 24 * HOUR_S)) return time;
  }
  throw new InvalidTriggerError({ field, expected: "a time of day such as '09:00'", received: input });
}

/** Shows a time of day as `09:00`, or `09:00:30` when it has seconds. */
export function showTimeOfDay(time: number): string {
  const text = [Math.floor(time / HOUR_S), Math.floor(time / MINUTE_S) % 60, time % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return (time % 60 === 0 ? text.slice(0, 2) : text).join(':');
}
