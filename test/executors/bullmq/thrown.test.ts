import { describe, expect, test } from 'vitest';
import { RunTimedOutError, SchedulerError } from '../../../src/index.js';
import { packThrown, unpackThrown } from '../../../src/executors/bullmq/thrown.js';

/** Sends a value as a queue does. */
function cross(value: unknown): unknown {
  return unpackThrown(JSON.parse(JSON.stringify(packThrown(value))) as ReturnType<typeof packThrown>);
}

describe('an error that crosses a queue', () => {
  test('keeps its name, message, stack, code, cause and properties that are JSON', () => {
    const cause = Object.assign(new Error('inner'), { code: 7 });
    const error = Object.assign(new RangeError('outer', { cause }), {
      code: 'EOUTER',
      details: { rows: [1] },
      when: new Date(0),
      big: 1n,
      call: () => 1,
    });
    const crossed = cross(error) as typeof error;
    expect(crossed).toBeInstanceOf(RangeError);
    expect(crossed).toMatchObject({
      name: 'RangeError',
      message: 'outer',
      stack: error.stack,
      code: 'EOUTER',
      details: { rows: [1] },
      cause: { message: 'inner', code: 7 },
    });
    expect('big' in crossed).toBe(false);
    expect('call' in crossed).toBe(false);
  });

  test('of this library is an instance of its class again', () => {
    const crossed = cross(new RunTimedOutError('r', 5));
    expect(crossed).toBeInstanceOf(RunTimedOutError);
    expect(crossed).toBeInstanceOf(SchedulerError);
    expect(crossed).toMatchObject({ code: 'ESC_RUN_TIMED_OUT' });
  });

  test('of a class of the user keeps the name of that', () => {
    class QuotaError extends Error {
      override readonly name = 'QuotaError';
    }
    const crossed = cross(new QuotaError('no')) as Error;
    expect([crossed.name, crossed.message, crossed instanceof Error]).toEqual(['QuotaError', 'no', true]);
  });

  test('keeps the errors of an aggregate', () => {
    const crossed = cross(new AggregateError([new TypeError('a'), 'b'], 'both')) as AggregateError;
    expect(crossed).toBeInstanceOf(AggregateError);
    expect(crossed.errors[0]).toBeInstanceOf(TypeError);
    expect(crossed.errors[1]).toBe('b');
  });

  test('is cut where it is very long, and where its causes never end', () => {
    const error = new Error('x'.repeat(100_000));
    error.cause = error;
    const text = JSON.stringify(packThrown(error));
    expect(text.length).toBeLessThan(300_000);
  });

  test('need not be an error, nor hold still', () => {
    expect(cross('text')).toBe('text');
    expect(cross(null)).toBe(null);
    expect(cross({ a: [1] })).toEqual({ a: [1] });
    expect(cross(undefined)).toBe('undefined');
    expect(cross(Symbol('s'))).toBe('Symbol(s)');
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'message', {
      get() {
        throw new Error('no');
      },
    });
    expect(cross(hostile)).toBe('The value cannot be described.');
  });

  test('cannot reach into what it is made of again', () => {
    const error = new Error('x');
    Object.defineProperty(error, '__proto__', { value: { evil: true }, enumerable: true });
    const crossed = cross(error) as Error & { evil?: boolean };
    expect(Object.getPrototypeOf(crossed)).toBe(Error.prototype);
    expect(crossed.evil).toBeUndefined();
  });
});
