import { InvalidOptionError } from '../errors/input-errors.js';
import type { JsonObject } from '../internal/json-value.js';
import { isTrigger } from '../triggers/is-trigger.js';
import type { TriggerInput } from '../triggers/trigger-input.js';
import { loadCronstrue } from './cronstrue.js';
import { describeRecord, type Describer } from './describe-record.js';
import { findLanguage } from './language.js';

/**
 * Puts a trigger into words: "At 02:00 AM, Monday through Friday". A zone, a start and an end that were given are added;
 * a kind of your own is shown as its record.
 *
 * English and Chinese (simplified) say everything; the other languages of cronstrue say cron triggers without a start,
 * an end or weeks. Needs the package cronstrue.
 *
 * @param locale - a BCP 47 tag. @defaultValue `'en'`
 * @throws `InvalidOptionError` when the language is unknown, or has no words for this trigger
 * @throws `InvalidTriggerError` when it is not a trigger
 * @throws `MissingPeerError` when cronstrue is not installed
 * @example
 * ```ts
 * import { describeTrigger } from 'escapement/describe';
 *
 * describeTrigger('0 2 * * 1-5'); // At 02:00 AM, Monday through Friday
 * describeTrigger({ interval: { minutes: 5 } }, 'zh'); // 每隔 5 分钟
 * ```
 */
export function describeTrigger(trigger: TriggerInput, locale = 'en'): string {
  const cronstrue = loadCronstrue();
  const language = findLanguage(locale, cronstrue);
  const describer: Describer = {
    cron: (expression, logicalAndDayFields) => {
      const options = { locale: language.cronLocale, logicalAndDayFields };
      try {
        return cronstrue.toString(expression, options);
      } catch {
        // It knows less than we do: a list of W, say.
        return null;
      }
    },
    phrases: () => {
      if (language.phrases !== null) return language.phrases;
      throw new InvalidOptionError('locale', "'en' or 'zh' for this trigger", locale);
    },
    nested: (input) => describeRecord(recordOf(input), describer),
  };
  return describer.nested(trigger);
}

function recordOf(input: unknown): JsonObject {
  if (typeof input === 'string') return { cron: input };
  return isTrigger(input) ? input.toJSON() : (input as JsonObject);
}
