import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../src/errors/input-errors.js';
import { checkId, IdSource } from '../../src/internal/ids.js';

describe('IdSource', () => {
  it('gives ids of 20 characters that any store and any URL can carry', () => {
    const source = new IdSource();
    for (let at = 0; at < 2000; at++) expect(source.next()).toMatch(/^[A-Za-z0-9_-]{20}$/);
  });

  it('gives no id twice, from one source or several', () => {
    const sources = [new IdSource(), new IdSource()];
    const ids = Array.from({ length: 5000 }, () => sources.map((source) => source.next())).flat();
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('gives ids that are ids', () => {
    const source = new IdSource();
    for (let at = 0; at < 1000; at++) checkId(source.next(), 'id');
  });
});

describe('checkId', () => {
  it.each([
    'a',
    'nightly-report',
    'a b',
    'é',
    'e\u0301',
    '日本語',
    '👩‍🚀',
    '.',
    "'",
    '"',
    '\\',
    '__proto__',
    'x'.repeat(191),
    `a${'👩'.repeat(95)}`,
  ])('accepts %j', (id) => {
    expect(checkId(id, 'id')).toBe(id);
  });

  it.each([
    ['nothing', ''],
    ['a space at its start', ' a'],
    ['a space at its end', 'a '],
    ['a no-break space at its end', 'a\u00a0'],
    ['a byte order mark at its start', '\ufeffa'],
    ['a line feed inside', 'a\nb'],
    ['a tab at its end', 'a\t'],
    ['a null', 'a\u0000'],
    ['a delete character', 'a\u007fb'],
    ['a C1 control character', 'a\u0085b'],
    ['half a surrogate pair', 'a\ud83d'],
    ['the halves of a pair in the wrong order', '\udc69\ud83d'],
    ['192 characters', 'x'.repeat(192)],
    ['96 pairs', '👩'.repeat(96)],
    ['a number', 7],
    ['a String object', new String('a')],
    ['null', null],
    ['undefined', undefined],
  ])('refuses %s', (_what, id) => {
    expect(() => checkId(id, 'options.id')).toThrow(InvalidOptionError);
  });

  it('names the field and what came', () => {
    expect(() => checkId('', 'options.id')).toThrow(/options\.id.*1 to 191 characters/);
    expect(() => checkId(7, 'jobId')).toThrow(/jobId.*`7` \(number\)/);
  });
});
