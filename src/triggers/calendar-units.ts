import { InvalidTriggerError } from '../errors/input-errors.js';

/** Is a step of the calendar; the months of its years and months are added first, then the days of its weeks and days. */
export interface CalendarUnits {
  /** Calendar years. */
  readonly years?: number | undefined;
  /** Calendar months. */
  readonly months?: number | undefined;
  /** Weeks of seven calendar days. */
  readonly weeks?: number | undefined;
  /** Calendar days. */
  readonly days?: number | undefined;
}

const UNITS = ['years', 'months', 'weeks', 'days'] as const;
const MAX = 100_000;

/**
 * Reads the units of a step out of a larger record, and leaves out those that are 0.
 *
 * @throws {@link InvalidTriggerError} when a unit is not a whole number from 0 to 100,000, or all are 0
 */
export function readCalendarUnits(input: CalendarUnits): CalendarUnits {
  const given: { -readonly [Unit in keyof CalendarUnits]: number } = {};
  for (const unit of UNITS) {
    const amount: unknown = input[unit];
    if (amount === undefined || amount === 0) continue;
    if (typeof amount !== 'number' || !Number.isInteger(amount) || amount < 0 || amount > MAX) {
      const expected = `a whole number from 0 to ${String(MAX)}`;
      throw new InvalidTriggerError({ field: unit, expected, received: amount });
    }
    given[unit] = amount;
  }
  if (Object.keys(given).length > 0) return given;
  throw new InvalidTriggerError({
    field: 'calendarInterval',
    expected: `a step of at least one of ${UNITS.join(', ')}`,
    received: input,
  });
}
