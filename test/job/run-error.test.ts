import { describe, expect, it } from 'vitest';
import { decodeError, describeError, encodeError } from '../../src/job/run-error.js';

describe('describeError', () => {
  it('keeps the name, message, code and stack of an error', () => {
    const error = Object.assign(new TypeError('no such host'), { code: 'ENOTFOUND' });
    const { name, message, code, stack } = describeError(error);
    expect([name, message, code]).toEqual(['TypeError', 'no such host', 'ENOTFOUND']);
    expect(stack).toContain('run-error.test');
  });

  it('keeps a numeric code as text, and no other kind of code', () => {
    expect(describeError(Object.assign(new Error('x'), { code: 23 })).code).toBe('23');
    expect(describeError(Object.assign(new Error('x'), { code: {} })).code).toBeUndefined();
  });

  it.each([
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a string', 'no', 'no'],
    ['a number', 7, '7'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['a BigInt', 1n, '1'],
    ['an object', { status: 500 }, '{"status":500}'],
    ['an array', [1, 'a'], '[1,"a"]'],
  ])('makes an error of %s that was thrown', (_what, thrown, message) => {
    expect(describeError(thrown)).toEqual({ name: 'Error', message });
  });

  it('keeps what caused it, whatever that is', () => {
    const error = new Error('outer', { cause: new RangeError('inner', { cause: 'root' }) });
    expect(describeError(error).cause).toMatchObject({ name: 'RangeError', message: 'inner' });
    expect(describeError(error).cause?.cause).toEqual({ name: 'Error', message: 'root' });
  });

  it('ends a chain of causes that does not end', () => {
    const error = new Error('loop');
    error.cause = error;
    let depth = 0;
    for (let at = describeError(error).cause; at !== undefined; at = at.cause) depth++;
    expect(depth).toBeLessThan(10);
  });

  it('bounds what it keeps', () => {
    expect(describeError(new Error('x'.repeat(1_000_000))).message.length).toBeLessThan(20_000);
    expect(describeError({ big: 'x'.repeat(1_000_000) }).message.length).toBeLessThan(20_000);
  });

  it.each<[string, unknown]>([
    ['whose message throws', Object.defineProperty(new Error('x'), 'message', { get: fail })],
    ['whose code throws', Object.defineProperty(new Error('x'), 'code', { get: fail })],
    ['whose toJSON throws', { toJSON: fail }],
    ['that is a cycle', cyclic()],
    ['that is a revoked proxy', revoked()],
    ['whose toString throws', Object.assign(() => 1, { toString: fail })],
  ])('makes an error of a thrown value %s', (_what, thrown) => {
    expect(describeError(thrown)).toMatchObject({ name: 'Error', message: expect.any(String) as string });
  });
});

describe('encodeError', () => {
  it('gives text that is read back as it was', () => {
    const error = new Error('🚀 \u0000 "quoted"', { cause: { a: 1 } });
    expect(decodeError(encodeError(error))).toEqual(describeError(error));
  });

  it('gives text for a message with half a surrogate pair, which any store can keep', () => {
    const text = encodeError(new Error(`${'x'.repeat(16_383)}👩`));
    expect(Buffer.from(text).toString()).toBe(text);
  });
});

describe('decodeError', () => {
  it('gives null where nothing was kept', () => {
    expect(decodeError(null)).toBeNull();
  });

  it('gives an error for text that somebody else wrote', () => {
    expect(decodeError('not JSON')).toEqual({ name: 'Error', message: 'not JSON' });
  });
});

function fail(): never {
  throw new Error('no');
}

function cyclic(): object {
  const thrown: Record<string, unknown> = {};
  thrown['self'] = thrown;
  return thrown;
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
