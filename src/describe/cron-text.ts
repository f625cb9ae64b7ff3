import { completeFields, type NamedCronFields } from '../triggers/cron/named-fields.js';
import { expandNickname } from '../triggers/cron/nicknames.js';
import { isRestricted, splitExpression } from '../triggers/cron/parse-expression.js';

/** Is a schedule as an expression of seven fields, as far as one can say it. */
export interface CronText {
  /** Is the expression, seconds first and the year last; `null`: no expression says it. */
  readonly expression: string | null;
  /** Says that a day which either of the day fields names is meant. */
  readonly either: boolean;
  /** Are the ISO weeks, which no expression can say; `undefined`: every one. */
  readonly weeks: string | undefined;
}

const NTH_DAY = /^(1st|2nd|3rd|4th|5th|last)\s+([a-z]{3})$/i;

/** Completes an expression that was checked before. */
export function textOfExpression(source: string): CronText {
  const words = splitExpression(expandNickname(source));
  const [second, minute, hour, date, month, weekday, year] = words.map(({ text }) => text.replace('?', '*'));
  return {
    expression: [second, minute, hour, date, month, weekday, year ?? '*'].join(' '),
    either: isRestricted(words[3]) && isRestricted(words[5]),
    weeks: undefined,
  };
}

/** Says named fields, which were checked before, as an expression. */
export function textOfFields(source: NamedCronFields): CronText {
  const texts = completeFields(source);
  const field = (name: string): string => (texts.get(name) ?? '*').replaceAll(/\s*,\s*/g, ',').trim();
  const days = dayFields(field('day'), field('dayOfWeek'));
  const expression =
    days === null
      ? null
      : [
          field('second'),
          field('minute'),
          field('hour'),
          days.date,
          field('month'),
          days.weekday,
          field('year'),
        ].join(' ');
  return { expression, either: false, weeks: texts.get('week') };
}

/** Turns `last` and `last fri` into cron's `L` and `friL`; `null` when weekdays and dates would have to mix. */
function dayFields(day: string, weekday: string): { readonly date: string; readonly weekday: string } | null {
  const items = day.split(',');
  const nth = items.map((item) => NTH_DAY.exec(item)).filter((match) => match !== null);
  if (nth.length === 0) return { date: items.map((item) => item.replace(/^last$/i, 'L')).join(','), weekday };
  if (nth.length < items.length || weekday !== '*') return null;
  const weekdays = nth.map(([, number = '', name = '']) =>
    number.toLowerCase() === 'last' ? `${name}L` : `${name}#${number.slice(0, 1)}`,
  );
  return { date: '*', weekday: weekdays.join(',') };
}
