import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Scheduler, defineTask, interval } from 'escapement';
import { expect, it } from 'vitest';
import { findProgram } from '../support/servers/find-program.js';
import { within } from '../support/within.js';
import { describeOnOwnRedis } from '../stores/redis/support/redis-place.js';
import { throughALife } from '../stores/redis/support/through-a-life.js';
import { SILENT } from '../stores/support/silent.js';
import { documentText, fencedBlocks } from './support/fenced-blocks.js';

const COUNT = 500;
const SIZES = /A job takes about ([\d.]+) KB, an ended run about ([\d.]+) KB, a queued one ([\d.]+) KB/;

const report = defineTask('send-report', () => ({ sent: 1 }));

describeOnOwnRedis('docs/redis.md', (aPlace) => {
  it('names the rights with which a user can do all work', async () => {
    const place = aPlace('escapement');
    const [{ code } = { code: '' }] = fencedBlocks('redis.md').filter(({ info }) => info === 'text');
    const [, , ...rights] = code.trim().split(/\s+/);
    const store = (): ReturnType<typeof place.store> =>
      place.store({ url: place.url.replace('//', '//jobs:secret@') });
    await place.redis.call('ACL', 'SETUSER', 'jobs', ...rights);
    await place.withBench((bench) => throughALife(bench), store);
    const scheduler = new Scheduler({ stores: { default: store() }, tasks: [report], logger: SILENT });
    await scheduler.start();
    expect(await within((await scheduler.enqueue(report)).result())).toEqual({ sent: 1 });
    await scheduler.shutdown();
    expect(String(await place.redis.call('ACL', 'LOG'))).toBe('');
  });

  it('says how much memory jobs and runs take', async () => {
    const place = aPlace();
    const stores = { default: place.store() };
    await using scheduler = new Scheduler({ stores, tasks: [report], logger: SILENT });
    const used = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await place.redis.info('memory'))?.[1]);
    const [, job, ended, queued] = (SIZES.exec(documentText('redis.md')) ?? []).map(Number);
    const grows = async (kilobytes: number | undefined, make: () => Promise<unknown>): Promise<void> => {
      const before = await used();
      await make();
      const each = ((await used()) - before) / COUNT / 1000;
      expect(each).toBeGreaterThan((kilobytes ?? 0) * 0.6);
      expect(each).toBeLessThan((kilobytes ?? 0) * 1.5);
    };
    await scheduler.start();
    const each = Array.from({ length: COUNT }, (_one, at) => `job-${at}`);
    await grows(job, () =>
      scheduler.addJobs(
        each.map((id) => ({ task: report, trigger: interval({ hours: 1 }), options: { id } })),
      ),
    );
    await grows(ended, async () => {
      const handles = await Promise.all(each.map((id) => scheduler.runJob(id)));
      await Promise.all(handles.map((handle) => handle.result()));
    });
    await grows(queued, () =>
      Promise.all(each.map(() => scheduler.enqueue(report, null, { delay: { hours: 1 } }))),
    );
  });
});

describeOnOwnRedis('docs/operations.md', (aPlace) => {
  const [, section = ''] = documentText('operations.md').split('### Questions to Redis');
  const [questions = ''] = section.split('\n## ');
  const commands = [...questions.matchAll(/```sh\n([^]*?)```/g)].map(([, code = '']) => code);

  it.skipIf(findProgram('redis-cli') === null)('asks Redis what it says it asks', async () => {
    const place = aPlace('escapement');
    await place.redis.flushall();
    await place.withBench(async (bench) => {
      const { run } = await bench.fire({ id: 'nightly-report' });
      await bench.store.heartbeat('a', 1000);
      await bench.finish(run);
      const port = new URL(place.url).port;
      const script = commands.join('').replaceAll('redis-cli', `redis-cli -p ${port}`);
      const { stdout, stderr } = await promisify(execFile)('sh', ['-euc', script]);
      expect(stderr).toBe('');
      for (const found of ['nightly-report', run.id, 'default', 'interval', 'state', '"triggerKind"']) {
        expect(stdout).toContain(found);
      }
      expect(stdout.split('\n').slice(0, 4)).toEqual(['1', '1', '1', 'a']);
    });
  });
});
