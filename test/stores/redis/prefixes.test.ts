import { InvalidOptionError } from 'escapement';
import { RedisJobStore } from 'escapement/stores/redis';
import { describe, expect, it } from 'vitest';
import { aJob, aPut, aRun } from '../../../src/testing/contract/records.js';
import { UNKEEPABLE } from '../support/hostile-texts.js';
import { eventually } from './connection/support/eventually.js';
import { describeOnOwnRedis } from './support/redis-place.js';

/** Holds prefixes that a server, or a script, may take for something else, or for one another. */
const PREFIXES = [
  ...['a', 'a:', 'a:job', 'a:meta', 'a::', 'A', 'ab', '*', '?', '[a]', '[^a]', 'a*', '\\', '\\*', '\\\\'],
  ...[
    "'",
    '"',
    '`',
    "a'b",
    'a"b',
    "']]",
    '--',
    '${a}'.replace(/[{}]/g, ''),
    '%',
    '%s',
    '%1',
    '$1',
    '#',
    '@',
    '&',
  ],
  ...['a b', 'a  b', '(a)', '<a>', 'a,b', 'a;b', 'KEYS[1]', 'ARGV[1]', 'script: x', 'ESCAPEMENT_RESET'],
  ...['é', 'e\u0301', 'ß', '🎉', '👩‍👩‍👧', '日本', 'א', '\u{10ffff}', '\ue000', 'a\u200bb', 'a\u00a0b'],
  ...['0', '-1', 'null', '__proto__', 'constructor', 'x'.repeat(100), 'x'.repeat(99), '🎉'.repeat(50)],
];

/** Holds what is no prefix. */
const REFUSED = [
  ...['', ' ', ' a', 'a ', '\ta', 'a\n', 'a\u3000', '\u00a0a', '{', '}', '{}', '{a}', 'a{b}', 'a}b', 'a{'],
  ...['a\nb', 'a\rb', 'a\u007fb', 'a\u0085b', 'x'.repeat(101), '🎉'.repeat(51), ...UNKEEPABLE],
];

describe('a prefix', () => {
  it.each(REFUSED)('is refused, and named, where it would not do: %j', (prefix) => {
    const make = (): RedisJobStore => new RedisJobStore({ url: 'redis://127.0.0.1:1', prefix });
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(expect.objectContaining({ field: 'options.prefix' }));
  });
});

describeOnOwnRedis('stores of different prefixes on one server', (aPlace) => {
  it('each see what is their own, and nothing else', async () => {
    expect(new Set(PREFIXES).size).toBe(PREFIXES.length);
    const places = PREFIXES.map((prefix) => aPlace(prefix));
    const stores = await Promise.all(places.map((place) => place.openStore()));
    const heard = stores.map(() => [] as string[]);
    for (const [at, store] of stores.entries()) {
      await store.subscribe((hint) => heard[at]?.push(hint.kind === 'cancel' ? hint.runId : hint.kind));
      const now = await store.now();
      await store.putJobs([
        aPut(aJob(now, { id: 'job', uid: 'uid', definition: { description: `job ${at}` } })),
      ]);
      await store.addRuns([aRun(now, { id: 'run', uniqueKey: 'key', data: `"run ${at}"` })]);
      await store.heartbeat(`node ${at}`, 60_000);
    }
    for (const [at, store] of stores.entries()) {
      const [place] = places.slice(at, at + 1);
      expect((await store.getJob('job'))?.definition.description).toBe(`job ${at}`);
      expect((await store.listRuns({ limit: 5 })).items.map(({ data }) => data)).toEqual([`"run ${at}"`]);
      expect((await store.heartbeat(`node ${at}`, 60_000)).peers).toEqual([]);
      expect(await place?.inconsistencies()).toEqual([]);
      const claimed = await store.claim({
        ...{ node: `node ${at}`, executor: 'default', limit: 9, claimMs: 60_000 },
        ...{ tasks: new Set(['task']), triggerKinds: new Set(['interval']) },
      });
      expect([claimed.runs.length, claimed.jobs.length]).toEqual([1, 1]);
    }
    // Hints, and the removal of all that is one store's, are not the business of the others.
    const [first, other] = [stores[0], places[0]];
    if (first === undefined || other === undefined) throw new Error('There are no stores');
    const peer = await other.openStore();
    await peer.requestCancel('run');
    await eventually(() => expect(heard[0]).toContain('run'));
    expect(heard.slice(1).flat()).not.toContain('run');
    const keys = await other.redis.keys('{a}:*');
    await other.redis.del(...keys);
    expect(await first.getJob('job')).toBeNull();
    for (const store of stores.slice(1)) expect(await store.getJob('job')).not.toBeNull();
  });

  it('are told apart by a damaged key, which is named exactly', async () => {
    await aPlace().redis.flushall();
    for (const prefix of PREFIXES) {
      const place = aPlace(prefix);
      const store = await place.openStore();
      await place.redis.set(place.key('ids'), 'broken');
      await expect(store.now()).rejects.toMatchObject({ code: 'ESC_STORE_DAMAGED', key: place.key('ids') });
      await store.close();
      place.redis.disconnect();
    }
  });
});
