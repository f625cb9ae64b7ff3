import { expect, test } from 'vitest';
import { endOfTurn, nextTurn } from '../../src/time/turns.js';

test('nextTurn lets what waits for its turn of the event loop go first', async () => {
  const order: string[] = [];
  setImmediate(() => order.push('immediate'));
  await nextTurn();
  order.push('next turn');
  expect(order).toEqual(['immediate', 'next turn']);
});

test('endOfTurn comes after what is ready now, and before timers and I/O', async () => {
  const order: string[] = [];
  setImmediate(() => order.push('immediate'));
  await new Promise<void>((resolve) => {
    endOfTurn(() => {
      order.push('end of turn');
      resolve();
    });
    order.push('now');
  });
  await nextTurn();
  expect(order).toEqual(['now', 'end of turn', 'immediate']);
});
