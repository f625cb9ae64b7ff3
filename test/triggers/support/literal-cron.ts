import type { GapRule, OverlapRule } from '../../../src/triggers/dst-rules.js';
import { literalInstants } from './literal-instants.js';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** Says which schedule is meant, on which clock. */
export interface LiteralSchedule {
  readonly expression: string;
  readonly zone: string;
  readonly gap?: GapRule | undefined;
  readonly overlap?: OverlapRule | undefined;
}

/**
 * Lists the fire times in `[from, to]` the slow way: it reads the zone's wall clock at every minute around, asks of every
 * minute of wall time in turn whether the expression matches, and only then when that minute comes, if it does.
 *
 * It knows plain fields only, and shares no code with what it is held against.
 */
export function literalFires(schedule: LiteralSchedule, from: number, to: number): readonly number[] {
  const fields = schedule.expression.split(' ');
  const [second = '0', minute = '', hour = '', date = '', month = '', weekday = ''] =
    fields.length === 5 ? ['0', ...fields] : fields;
  const everyHour = range(0, 23).every((value) => matches(hour, value, 0, 23));
  const gap = schedule.gap ?? (everyHour ? 'skip' : 'after');
  const overlap = schedule.overlap ?? (everyHour ? 'both' : 'first');
  const seconds = range(0, 59).filter((value) => matches(second, value, 0, 59));

  const matchesMinute = (wall: Date): boolean => {
    const byDate = matches(date, wall.getUTCDate(), 1, 31);
    const byWeekday = [0, 7].some((sunday) => matches(weekday, wall.getUTCDay() || sunday, 0, 7, WEEKDAYS));
    const either = !date.startsWith('*') && !weekday.startsWith('*');
    return (
      matches(minute, wall.getUTCMinutes(), 0, 59) &&
      matches(hour, wall.getUTCHours(), 0, 23) &&
      matches(month, wall.getUTCMonth() + 1, 1, 12, MONTHS) &&
      (either ? byDate || byWeekday : byDate && byWeekday)
    );
  };

  return literalInstants({ zone: schedule.zone, gap, overlap, seconds, matchesMinute }, from, to);
}

/** Tells whether a field, as text, allows a value. */
function matches(
  field: string,
  value: number,
  min: number,
  max: number,
  names: readonly string[] = [],
): boolean {
  const number = (text: string): number => {
    const index = names.indexOf(text.toLowerCase());
    return index < 0 ? Number(text) : index + min;
  };
  return field.split(',').some((item) => {
    const [span = '', step] = item.split('/');
    const [start = '', end] = span.split('-');
    const low = start === '*' ? min : number(start);
    const high = start === '*' || (end === undefined && step !== undefined) ? max : number(end ?? start);
    if (low <= high) return value >= low && value <= high && (value - low) % Number(step ?? 1) === 0;
    // A range that goes round: counted on from the greatest value as if it did not end.
    const size = names === WEEKDAYS ? 7 : max - min + 1;
    const along = (value - low + size * 2) % size;
    return along <= (high - low + size) % size && along % Number(step ?? 1) === 0;
  });
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
