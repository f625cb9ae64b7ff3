import { describe, expect, it } from 'vitest';
import { GatheredCalls } from '../../src/scheduler/gathered-calls.js';

function make(send: (items: readonly number[]) => Promise<readonly string[]>): {
  calls: GatheredCalls<number, string>;
  sent: number[][];
} {
  const sent: number[][] = [];
  const calls = new GatheredCalls<number, string>({
    send: async (items) => {
      sent.push([...items]);
      return send(items);
    },
    areVoid: (results) => results.includes('refused'),
  });
  return { calls, sent };
}

const name = async (items: readonly number[]): Promise<string[]> => items.map((item) => `#${item}`);

describe('gathered calls', () => {
  it('send together what comes in one turn, and give each its own result', async () => {
    const { calls, sent } = make(name);
    expect(await Promise.all([1, 2, 3].map((item) => calls.add(item)))).toEqual(['#1', '#2', '#3']);
    expect(await calls.add(4)).toBe('#4');
    expect(sent).toEqual([[1, 2, 3], [4]]);
  });

  it('send together what comes while a call is under way', async () => {
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let isUnderWay = (): void => {};
    const underWay = new Promise<void>((resolve) => {
      isUnderWay = resolve;
    });
    const { calls, sent } = make(async (items) => {
      isUnderWay();
      await answered;
      return name(items);
    });
    const first = calls.add(1);
    await underWay;
    const others = [calls.add(2), calls.add(3)];
    answer();
    expect(await Promise.all([first, ...others])).toEqual(['#1', '#2', '#3']);
    expect(sent).toEqual([[1], [2, 3]]);
  });

  it('send one by one what one of them kept from being done', async () => {
    const { calls, sent } = make(async (items) =>
      items.includes(2) ? items.map((item) => (item === 2 ? 'refused' : 'untouched')) : name(items),
    );
    expect(await Promise.all([1, 2, 3].map((item) => calls.add(item)))).toEqual(['#1', 'refused', '#3']);
    expect(sent).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  it('reject all that went with a call that is rejected, and go on', async () => {
    let isAway = true;
    const { calls, sent } = make(async (items) => {
      if (isAway) throw new Error('away');
      return name(items);
    });
    const results = await Promise.allSettled([1, 2].map((item) => calls.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isAway = false;
    expect(await calls.add(3)).toBe('#3');
    expect(sent).toEqual([[1, 2], [3]]);
  });

  it('never send more than 500 items together', async () => {
    const { calls, sent } = make(name);
    await Promise.all(Array.from({ length: 1200 }, (_, item) => calls.add(item)));
    expect(sent.map(({ length }) => length)).toEqual([500, 500, 200]);
  });
});
