import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidDataError } from '../../src/errors/input-errors.js';
import { decodeJson, DEFAULT_MAX_DATA_BYTES, encodeJson } from '../../src/internal/json-codec.js';

const MAX = DEFAULT_MAX_DATA_BYTES;

class Thing {
  readonly a = 1;
}

describe('encodeJson', () => {
  it('keeps every JSON value', () => {
    const noProto = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !JSON.stringify(value).includes('__proto__'));
    fc.assert(
      fc.property(noProto, (value) => {
        expect(decodeJson(encodeJson(value, 'data', MAX))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('keeps any text: null characters, emoji and halves of pairs', () => {
    for (const text of ['', '\u0000', '👩‍🚀', '\ud800', '\u2028', '"\\']) {
      expect(decodeJson(encodeJson({ text }, 'data', MAX))).toEqual({ text });
    }
  });

  it('takes undefined for no data, and null for null', () => {
    expect(encodeJson(undefined, 'data', MAX)).toBeNull();
    expect(decodeJson(null)).toBeUndefined();
    expect(encodeJson(null, 'data', MAX)).toBe('null');
    expect(decodeJson('null')).toBeNull();
  });

  it('keeps a Date as its ISO string, and what else has toJSON as what that gives', () => {
    expect(encodeJson({ at: new Date(0) }, 'data', MAX)).toBe('{"at":"1970-01-01T00:00:00.000Z"}');
    expect(encodeJson({ toJSON: () => [1] }, 'data', MAX)).toBe('[1]');
  });

  it('leaves out members that are undefined', () => {
    expect(encodeJson({ a: undefined, b: 1 }, 'data', MAX)).toBe('{"b":1}');
  });

  it('takes an object without a prototype', () => {
    expect(encodeJson(Object.assign(Object.create(null) as object, { a: 1 }), 'data', MAX)).toBe('{"a":1}');
  });

  it('takes one object twice where that is no cycle', () => {
    const shared = { a: 1 };
    expect(encodeJson([shared, shared, { shared }], 'data', MAX)).toBe(
      '[{"a":1},{"a":1},{"shared":{"a":1}}]',
    );
  });

  const cycle: Record<string, unknown> = { a: {} };
  cycle['a'] = { back: cycle };

  it.each<[string, unknown, RegExp]>([
    ['a function', { a: { b: () => 1 } }, /`data\.a\.b`.*function/],
    ['a symbol', [Symbol('s')], /`data\[0\]`.*symbol/],
    ['a BigInt', { a: 1n }, /`data\.a`.*bigint/],
    ['NaN', [1, NaN], /`data\[1\]`.*finite.*NaN/],
    ['an infinity', -Infinity, /`data`.*-Infinity/],
    ['undefined in an array', [undefined], /`data\[0\]`.*undefined/],
    ['a hole in an array', Array(1), /`data\[0\]`.*undefined/],
    ['a cycle', cycle, /`data\.a\.back`.*cycle/],
    ['a Map', { a: new Map() }, /`data\.a`.*Map/],
    ['an instance of a class', new Thing(), /`data`.*Thing/],
    ['an Error', new Error('no'), /`data`.*Error/],
    ['a typed array', new Uint8Array(1), /`data`.*Uint8Array/],
    ['a symbol key', { [Symbol('s')]: 1 }, /`data`.*symbol key/],
    ['a __proto__ key', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), /`data\.a`.*__proto__/],
    ['a toJSON that gives a function', { toJSON: () => () => 1 }, /`data`.*function/],
  ])('refuses %s, and says where it is', (_what, value, message) => {
    expect(() => encodeJson(value, 'data', MAX)).toThrow(InvalidDataError);
    expect(() => encodeJson(value, 'data', MAX)).toThrow(message);
  });

  it('refuses what is nested too deeply to be walked, whatever it is', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => encodeJson(deep, 'data', MAX)).toThrow(InvalidDataError);
  });

  it('counts the bytes of the text, not its characters', () => {
    expect(encodeJson('é'.repeat(4), 'data', 10)).toBe('"éééé"');
    expect(() => encodeJson('é'.repeat(5), 'data', 10)).toThrow(/at most 10 bytes of JSON, got 12/);
    expect(encodeJson('x'.repeat(MAX - 2), 'data', MAX)).toHaveLength(MAX);
    expect(() => encodeJson('x'.repeat(MAX - 1), 'data', MAX)).toThrow(InvalidDataError);
  });
});
