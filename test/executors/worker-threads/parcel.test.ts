import { describe, expect, test } from 'vitest';
import { RunCancelledError, SchedulerError, ShutdownError } from '../../../src/index.js';
import { pack, unpack } from '../../../src/executors/worker-threads/parcel.js';

function crossed(value: unknown): unknown {
  return unpack(structuredClone(pack(value)));
}

describe('a value that crosses into another thread', () => {
  test.each([undefined, null, 'text', 5n, new Date(0), new Map([[1, [2]]])])('is the same: %s', (value) => {
    expect(crossed(value)).toEqual(value);
  });

  test('that cannot be cloned arrives as text', () => {
    expect(crossed(() => 1)).toBe('function');
    expect(crossed(Symbol('s'))).toBe('Symbol(s)');
    expect(crossed({ call: () => 1, n: 1 })).toBe('{"n":1}');
    expect(crossed(Object.assign(() => 1, { n: 1n }))).toBe('function');
  });
});

describe('an error that crosses', () => {
  test('is one of this library again, told by its class and its code', () => {
    const error = crossed(new RunCancelledError('r'));
    expect(error).toBeInstanceOf(SchedulerError);
    expect(error).toBeInstanceOf(RunCancelledError);
    expect(error).not.toBeInstanceOf(ShutdownError);
    expect(error).toMatchObject({ code: 'ESC_RUN_CANCELLED', message: 'Run "r" was cancelled.' });
    expect(crossed(new Error('x'))).not.toBeInstanceOf(SchedulerError);
  });

  test('keeps a code that its class defines, and one of the platform its name', () => {
    class Coded extends Error {
      get code(): string {
        return 'E_GETTER';
      }
    }
    expect(crossed(new Coded('x'))).toMatchObject({ code: 'E_GETTER' });
    expect(crossed(AbortSignal.abort().reason)).toMatchObject({ name: 'AbortError' });
  });

  test('has no more causes than ten, though it causes itself', () => {
    const error = new Error('round');
    error.cause = error;
    let depth = 0;
    for (let at = crossed(error); at instanceof Error; at = at.cause) depth++;
    expect(depth).toBe(11);
  });

  test('brings nothing in by a property named __proto__', () => {
    const error = new Error('x');
    Object.defineProperty(error, '__proto__', { value: { isAdmin: true }, enumerable: true });
    expect(Object.getPrototypeOf(crossed(error))).toBe(Error.prototype);
  });

  test('arrives though it cannot be described', () => {
    const error = new Error('x');
    Object.defineProperty(error, 'name', {
      get() {
        throw new Error('no name');
      },
    });
    expect(crossed(error)).toBe('The value cannot be described.');
  });

  test('keeps names that are no text, and stays without a stack', () => {
    const odd = Object.assign(new Error('x'), { name: 5, stack: undefined });
    expect(crossed(odd)).toMatchObject({ name: '5', message: 'x', stack: undefined });
  });
});
