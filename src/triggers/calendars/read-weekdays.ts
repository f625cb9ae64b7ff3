import { InvalidTriggerError } from '../../errors/input-errors.js';
import { DAY_OF_WEEK, type FieldSpec } from '../cron/field-spec.js';
import { parseValues } from '../cron/parse-values.js';

const WEEKDAY: FieldSpec = {
  ...DAY_OF_WEEK,
  name: 'calendar.weekdays',
  namesOnly: true,
  questionMark: false,
};

/**
 * Reads a weekday, or a range of them, by name: `sat`, `mon-fri`. Sunday is 0.
 *
 * @throws {@link InvalidTriggerError} when it is not one
 */
export function readWeekdays(input: unknown): readonly number[] {
  if (typeof input === 'string') return parseValues(WEEKDAY, { text: input, position: 0 });
  const expected = "weekdays such as 'sat' or 'mon-fri'";
  throw new InvalidTriggerError({ field: WEEKDAY.name, expected, received: input });
}
