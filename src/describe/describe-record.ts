import { InvalidTriggerError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { hasHash } from '../triggers/cron/hash-items.js';
import type { NamedCronFields } from '../triggers/cron/named-fields.js';
import { parseTrigger } from '../triggers/parse-trigger.js';
import type { CalendarIntervalRecord } from '../triggers/trigger-input.js';
import { amountsOf, calendarAmounts } from './amounts.js';
import { textOfExpression, textOfFields } from './cron-text.js';
import { exclusionsOf } from './exclusions.js';
import type { Phrases } from './phrases.js';

/** Is what a description is made with. */
export interface Describer {
  /** Puts an expression of seven fields into words; `null`: it cannot. */
  cron(expression: string, logicalAndDayFields: boolean): string | null;
  /** Gives the words for all else; fails when the language has none. */
  phrases(): Phrases;
  /** Describes a nested trigger, however it was given. */
  readonly nested: (input: unknown) => string;
}

/** Are the keys of a record that say the same in every kind. */
interface CommonKeys {
  readonly timezone?: string;
  readonly start?: string;
  readonly end?: string;
}

/** Are the kinds whose records are checked and completed first. */
const CHECKED = ['cron', 'interval', 'date', 'calendarInterval'];

/**
 * Describes a trigger by its shorthand record.
 *
 * @throws `InvalidTriggerError` when it is not a record, or not one of its kind
 */
export function describeRecord(input: JsonObject, describer: Describer): string {
  if (typeof input !== 'object' || (input as unknown) === null || Array.isArray(input)) {
    throw new InvalidTriggerError({ field: 'trigger', expected: 'a trigger', received: input });
  }
  // Checking turns @every into an interval, and durations into milliseconds.
  const record = CHECKED.some((kind) => kind in input) ? parseTrigger(input).toJSON() : input;
  if ('cron' in record) return framed(describeCron(record['cron'], describer), record, describer);
  if ('interval' in record)
    return framed(describer.phrases().every(amountsOf(Number(record['interval']))), record, describer);
  if ('date' in record) return describer.phrases().once(instantText(record['date'] as string));
  if ('calendarInterval' in record)
    return framed(describeCalendarInterval(record, describer), record, describer);
  if (Array.isArray(record['anyOf'])) return describer.phrases().anyOf(record['anyOf'].map(describer.nested));
  if (Array.isArray(record['allOf'])) return describer.phrases().allOf(record['allOf'].map(describer.nested));
  if ('excluding' in record) {
    const exclusions = exclusionsOf(record['calendar'], describer.nested);
    return describer.phrases().except(describer.nested(record['excluding']), exclusions);
  }
  if ('solar' in record) return describeSolar(record, describer);
  return describer.phrases().schedule(JSON.stringify(record));
}

function describeCron(source: unknown, describer: Describer): string {
  const isText = typeof source === 'string';
  if (isText && hasHash(source)) return describer.phrases().hashed(source);
  const text = isText ? textOfExpression(source) : textOfFields(source as NamedCronFields);
  const words = text.expression === null ? null : describer.cron(text.expression, !text.either);
  const described = words ?? describer.phrases().schedule(isText ? source : JSON.stringify(source));
  return words === null || text.weeks === undefined
    ? described
    : describer.phrases().inWeeks(words, text.weeks);
}

function describeCalendarInterval(record: JsonObject, describer: Describer): string {
  const phrases = describer.phrases();
  const { calendarInterval, time, start, missingDay } = record as unknown as CalendarIntervalRecord;
  const startsAt = /T(\d\d:\d\d(?::\d\d)?)$/
    .exec((start as string | undefined) ?? '')?.[1]
    ?.replace(/(:\d\d):00$/, '$1');
  const every = phrases.every(calendarAmounts(calendarInterval));
  const text = phrases.atTime(every, time ?? startsAt ?? '00:00');
  return missingDay === 'last' ? phrases.lastForMissing(text) : text;
}

function describeSolar(record: JsonObject, describer: Describer): string {
  const {
    latitude,
    longitude,
    offset = 0,
  } = record as { latitude?: number; longitude?: number; offset?: number };
  const place = [degreesText(latitude, 'N', 'S'), degreesText(longitude, 'E', 'W')].join(' ');
  return describer.phrases().solar(record['solar'] as string, place, amountsOf(Math.abs(offset)), offset < 0);
}

/** Adds the zone, the start and the end that a record names. */
function framed(text: string, record: JsonObject, describer: Describer): string {
  const { timezone, start, end } = record as CommonKeys;
  let framedText = timezone === undefined ? text : `${text} (${timezone})`;
  if (start !== undefined) framedText = describer.phrases().from(framedText, instantText(start));
  if (end !== undefined) framedText = describer.phrases().until(framedText, instantText(end));
  return framedText;
}

function instantText(iso: string): string {
  return iso
    .replace('T', ' ')
    .replace(/\.000(?=Z?$)/, '')
    .replace(/(\d\d:\d\d):00(?=Z?$)/, '$1')
    .replace(/Z$/, ' UTC');
}

function degreesText(degrees: number | undefined, positive: string, negative: string): string {
  const value = degrees ?? NaN;
  return `${String(Math.abs(value))}°${value < 0 ? negative : positive}`;
}
