import { describe, expect, it } from 'vitest';
import { PeerWatch } from '../../src/scheduler/peer-watch.js';
import type { Peer } from '../../src/index.js';
import { ManualClock } from '../../src/testing/index.js';

const LEASE_MS = 30_000;

function peer(node: string, sequence: number, leaseUntil = Infinity): Peer {
  return { node, sequence, leaseUntil };
}

describe('PeerWatch', () => {
  it('calls a node dead once its sequence number stood still for a whole lease', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    for (const sequence of [1, 2, 3]) {
      watch.see([peer('a', 1), peer('b', sequence)], clock.now());
      await clock.advance(LEASE_MS / 3 - 1);
      expect(watch.dead()).toEqual([]);
    }
    await clock.advance(3);
    expect(watch.dead()).toEqual(['a']);
  });

  it('counts anew for everybody after it could not see', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    watch.see([peer('a', 1)], clock.now());
    await clock.advance(LEASE_MS - 1);
    watch.blink();
    await clock.advance(LEASE_MS - 1);
    expect(watch.dead()).toEqual([]);
    await clock.advance(1);
    expect(watch.dead()).toEqual(['a']);
  });

  it('counts anew for everybody after it has not looked for long', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    watch.see([peer('a', 1)], clock.now());
    await clock.advance(2 * LEASE_MS);
    watch.see([peer('a', 1)], clock.now());
    expect(watch.dead()).toEqual([]);
  });

  it('is not misled by a wall clock that jumps', () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    watch.see([peer('a', 1)], clock.now());
    clock.suspend({ hours: 3 });
    expect(watch.dead()).toEqual([]);
  });

  it('calls a node dead that the store has not heard of for three leases, though it watches for a shorter time', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    const long = clock.now() - 2 * LEASE_MS;
    for (const _beat of [1, 2]) {
      watch.see([peer('a', 1, long), peer('b', 1, long + LEASE_MS)], clock.now());
      expect(watch.dead()).toEqual([]);
      await clock.advance(LEASE_MS / 3);
    }
    watch.see([peer('a', 1, long), peer('b', 1, long + LEASE_MS)], clock.now());
    expect(watch.dead()).toEqual(['a']);
  });

  it('does not believe a store whose clock has jumped', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    watch.see([peer('a', 1, clock.now() + LEASE_MS)], clock.now());
    await clock.advance(1000);
    watch.see([peer('a', 1, clock.now() + LEASE_MS)], clock.now() + 4 * LEASE_MS);
    expect(watch.dead()).toEqual([]);
  });

  it('does not believe a store whose clock leapt over a lease just before the watch began', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    const leapt = clock.now() - 3 * LEASE_MS;
    watch.see([peer('a', 1, leapt)], clock.now());
    await clock.advance(LEASE_MS / 3);
    // The heartbeat of the other is on its way.
    watch.see([peer('a', 1, leapt)], clock.now());
    expect(watch.dead()).toEqual([]);
  });

  it('forgets a node that has left or was taken care of', async () => {
    const clock = new ManualClock();
    const watch = new PeerWatch(clock, LEASE_MS);
    watch.see([peer('a', 1), peer('b', 1)], clock.now());
    watch.see([peer('b', 1)], clock.now());
    watch.forget('b');
    await clock.advance(LEASE_MS);
    expect(watch.dead()).toEqual([]);
  });
});
