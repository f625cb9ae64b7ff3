import { aFiring, aStep, HOUR } from '../../src/testing/contract/records.js';
import { found } from '../../src/testing/contract/store-bench.js';
import type { StoreBench } from '../../src/testing/contract/store-bench.js';
import { describeOnOwnRedis } from '../stores/redis/support/redis-place.js';
import type { RedisPlace } from '../stores/redis/support/redis-place.js';
import { throughALife } from '../stores/redis/support/through-a-life.js';
import { expect, it } from 'vitest';
import { documentText, fencedBlocks } from './support/fenced-blocks.js';

const page = documentText('redis-keys.md');

/** Gives the first cells of the table below a heading, and the second ones. */
function rowsUnder(heading: string): (readonly [name: string, next: string])[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| `([^`]+)` *\| *([^|]+?) *\|/gm)].map(([, name = '', next = '']) => [
    name,
    next,
  ]);
}

/** Is a kind of key that the page tells of. */
interface Kind {
  readonly name: string;
  readonly type: string;
  readonly matches: RegExp;
}

const kinds = rowsUnder('All keys').map(([name, type]): Kind => {
  // Names of queues and lines have line breaks in them, and ids have none.
  const pattern = name
    .replaceAll('\\n', '\n')
    .replaceAll('<queue>', '[^]+')
    .replaceAll('<line>', '[^]+')
    .replaceAll(/<(?:uid|run|id|node|executor)>/g, '[^\n]+');
  return { name, type, matches: new RegExp(`^${pattern}$`, 'u') };
});

/** Does what makes every kind of key, and leaves them there. */
async function fill(bench: StoreBench): Promise<void> {
  const { store, now } = bench;
  await throughALife(bench);
  await store.heartbeat('a', HOUR);
  const { job, run } = await bench.fire({ id: 'job', definition: { maxRuns: 5 } });
  await bench.fire({ id: 'plain' });
  const counted = [{ kind: 'missed', span: { count: 1, exact: true, firstAt: 1, lastAt: 1 } }] as const;
  const claimed = await bench.claimAgain('job', now - 5);
  const runs = [aFiring(now, claimed, now - 5)];
  await bench.commit(claimed, { runs, overlap: 'queue', counted, nextRunAt: now + HOUR, dueAt: now + HOUR });
  await bench.addRunOf(job);
  await bench.claim();
  await store.reportProgress('a', [{ runId: run.id, attempt: 1, progress: '1' }]);
  await store.requestCancel(run.id);
  await bench.addRun({ uniqueKey: 'key', expiresAt: now + HOUR, availableAt: now + HOUR });
  await bench
    .fire({ id: 'finished' }, { nextRunAt: null, dueAt: null })
    .then(({ run: last }) => bench.finish(last));
  await bench.addJob({ id: 'parked' });
  const { uid, fence } = found((await bench.claim()).jobs.find(({ id }) => id === 'parked'));
  await store.releaseClaims('a', [{ uid, fence, wakeAt: null, error: 'why' }]);
  for (const outcome of [
    { kind: 'end', status: 'failed', result: '1', error: '"why"' },
    { kind: 'retry', availableAt: now, error: '"again"' },
  ] as const) {
    const { id } = await bench.addRun({ task: 'task' });
    const started = found((await bench.claim()).runs.find((one) => one.id === id));
    await bench.finish(started, { outcome });
  }
  await bench.addRun();
  await bench.claim({ node: 'dead' });
  await store.recover('dead');
  const { parent, step } = await bench.chain({ id: 'chain' });
  const started = found((await bench.claim()).runs.find(({ id }) => id === step.id));
  await bench.finish(started, { followUps: [aStep(now, parent, 1)] });
  await store.takePermits({ key: 'key', wanted: 1, max: 1, perMs: HOUR });
}

/** Gives the fields of all hashes of a kind that are ever set. */
async function fieldsOf(place: RedisPlace, names: readonly string[]): Promise<string[]> {
  const fields = await Promise.all(names.map((name) => place.redis.hkeys(place.key(name))));
  return [...new Set(fields.flat())].sort();
}

describeOnOwnRedis('docs/redis-keys.md', (aPlace) => {
  it('tells of every key that there is, and of no other, with its type', async () => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await fill(bench);
      const met = new Set<string>();
      for (const name of await place.keys()) {
        const kind = kinds.filter(({ matches }) => matches.test(name)).at(0);
        const type = await place.redis.type(place.key(name));
        expect([name, kind?.type]).toEqual([name, type]);
        met.add(kind?.name ?? '');
      }
      expect([...met].sort()).toEqual(kinds.map(({ name }) => name).sort());
      expect(await place.inconsistencies()).toEqual([]);
    });
  });

  it.each([
    ['Meta', /^meta$/],
    ['A job', /^job:/],
    ['A run', /^run:/],
  ])('tells of every field of a hash, and of no other: %s', async (heading, matches) => {
    const place = aPlace();
    await place.withBench(async (bench) => {
      await fill(bench);
      const names = (await place.keys()).filter((name) => matches.test(name));
      const fields = rowsUnder(heading).map(([name]) => name);
      expect(await fieldsOf(place, names)).toEqual(fields.sort());
    });
  });

  it('has a command that empties a store, and no other', async () => {
    const place = aPlace();
    const beside = aPlace();
    await place.withBench(async (bench) => {
      await fill(bench);
      await beside.openStore();
      const [{ code } = { code: '' }] = fencedBlocks('redis-keys.md').filter(({ info }) => info === 'sh');
      const script = /"(.*)"/.exec(code)?.[1] ?? '';
      await place.redis.eval(script, 1, `{${place.prefix}}`);
      expect([await place.keys(), await beside.keys()]).toEqual([[], ['meta']]);
    });
  });
});
