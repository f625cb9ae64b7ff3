import { InvalidTriggerError } from '../../errors/input-errors.js';

/** Maps crontab(5)'s nicknames to expressions. `@reboot` is not one: it names no time. */
const NICKNAMES: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 604_800_000],
]);

const EVERY = /^@every(?:\s|$)/i;

/**
 * Gives the expression that a nickname stands for; other text stays as it is.
 *
 * @throws {@link InvalidTriggerError} when text begins with `@` and is no nickname
 */
export function expandNickname(text: string): string {
  const nickname = text.trim();
  if (!nickname.startsWith('@')) return text;
  const expression = NICKNAMES.get(nickname.toLowerCase());
  if (expression !== undefined) return expression;
  const expected = `one of ${[...NICKNAMES.keys()].join(', ')}, or @every and a duration`;
  throw new InvalidTriggerError({ field: 'cron', expected, received: nickname, position: text.indexOf('@') });
}

/**
 * Reads `@every 1h30m` as milliseconds; `undefined` for any other text. Units are `w`, `d`, `h`, `m`, `s` and `ms`
 * (Go's cron package, and its durations).
 *
 * @throws {@link InvalidTriggerError} when no duration follows `@every`
 */
export function readEvery(text: string): number | undefined {
  const trimmed = text.trimStart();
  if (!EVERY.test(trimmed)) return undefined;
  const duration = trimmed.slice('@every'.length).trim();
  const parts = [...duration.matchAll(/(\d{1,9}(?:\.\d{1,9})?)(ms|[smhdw])/gi)];
  const ms = parts.reduce(
    (sum, part) => sum + Number(part[1]) * (UNITS.get((part[2] ?? '').toLowerCase()) ?? NaN),
    0,
  );
  if (parts.map((part) => part[0]).join('') === duration && ms >= 1) return ms;
  const position = Math.max(text.indexOf(duration, text.indexOf('@') + 6), 0);
  throw new InvalidTriggerError({
    field: 'cron',
    expected: 'a duration such as 5m or 1h30m after @every',
    received: duration,
    position,
  });
}
