import { describe, expect, test } from 'vitest';
import { AsyncExecutor, defineTask } from '../../src/index.js';
import type { Execution } from '../../src/index.js';
import { Gate } from '../support/gate.js';

function execution(handler: (context: never) => unknown, context: unknown = {}): Execution {
  return { task: defineTask('t', handler as () => unknown), run: {}, context } as unknown as Execution;
}

describe('AsyncExecutor', () => {
  test('has as many free slots as its concurrency, 100 by default', () => {
    expect(new AsyncExecutor().freeSlots).toBe(100);
    expect(new AsyncExecutor({ concurrency: 7 }).freeSlots).toBe(7);
  });

  test('holds a slot from the call until the handler has settled', async () => {
    const executor = new AsyncExecutor({ concurrency: 2 });
    const gate = new Gate();
    const first = executor.execute(execution(gate.handler));
    expect(executor.freeSlots).toBe(1);
    const second = executor.execute(execution(gate.handler));
    expect(executor.freeSlots).toBe(0);
    await new Promise(setImmediate);
    gate.release('one');
    gate.fail(new Error('two'));
    expect(await first).toBe('one');
    await expect(second).rejects.toThrow('two');
    expect(executor.freeSlots).toBe(2);
  });

  test('gives the handler its context, and settles as it does', async () => {
    const executor = new AsyncExecutor();
    const context = { data: 5 };
    expect(await executor.execute(execution((given) => given, context))).toBe(context);
  });

  test.each([undefined, null, 'text'])('rejects with what the handler throws, be it %s', async (thrown) => {
    const executor = new AsyncExecutor({ concurrency: 1 });
    const failed = executor.execute(
      execution(() => {
        throw thrown;
      }),
    );
    expect(
      await failed.then(
        () => 'fulfilled',
        (error: unknown) => ({ error }),
      ),
    ).toEqual({ error: thrown });
    expect(executor.freeSlots).toBe(1);
  });

  test('starts and shuts down as often as it is told', async () => {
    const executor = new AsyncExecutor();
    await executor.start();
    await executor.start();
    await executor.shutdown();
    await executor.shutdown();
    expect(await executor.execute(execution(() => 1))).toBe(1);
  });
});
