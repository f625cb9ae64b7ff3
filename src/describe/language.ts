import { InvalidOptionError } from '../errors/input-errors.js';
import { CHINESE } from './chinese.js';
import type { Cronstrue } from './cronstrue.js';
import { ENGLISH } from './english.js';
import type { Phrases } from './phrases.js';

/** Is a language, as far as it can be spoken. */
export interface Language {
  /** Names it as cronstrue does. */
  readonly cronLocale: string;
  /** Holds its words for what is not a cron expression; `null`: it has none. */
  readonly phrases: Phrases | null;
}

/** Maps tags that name a language otherwise than cronstrue does. */
const ALIASES: Readonly<Record<string, string>> = {
  zh: 'zh_CN',
  zh_hans: 'zh_CN',
  zh_sg: 'zh_CN',
  zh_hant: 'zh_TW',
  zh_hk: 'zh_TW',
  zh_mo: 'zh_TW',
  pt: 'pt_PT',
  no: 'nb',
};

/**
 * Finds the language of a BCP 47 tag: `en-GB`, `zh-Hans-CN`.
 *
 * @throws `InvalidOptionError` when neither we nor cronstrue speak it
 */
export function findLanguage(tag: string, cronstrue: Cronstrue): Language {
  const cronLocale = typeof tag === 'string' ? localeOf(tag, Object.keys(cronstrue.locales)) : undefined;
  if (cronLocale === undefined) {
    const expected = "a language such as 'en' or 'zh', or for cron alone any that cronstrue knows";
    throw new InvalidOptionError('locale', expected, tag);
  }
  return { cronLocale, phrases: phrasesOf(cronLocale) };
}

function localeOf(tag: string, known: readonly string[]): string | undefined {
  const parts = tag.toLowerCase().split(/[-_]/);
  for (let length = parts.length; length > 0; length -= 1) {
    const name = parts.slice(0, length).join('_');
    const locale = known.find((one) => one.toLowerCase() === name) ?? ALIASES[name];
    if (locale !== undefined) return locale;
  }
  return undefined;
}

function phrasesOf(cronLocale: string): Phrases | null {
  if (cronLocale === 'en') return ENGLISH;
  return cronLocale === 'zh_CN' ? CHINESE : null;
}
