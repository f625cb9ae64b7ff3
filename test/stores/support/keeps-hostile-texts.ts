import { Scheduler, InvalidOptionError, defineTask } from 'escapement';
import type { JobStore } from 'escapement';
import { expect, it } from 'vitest';
import { within } from '../../support/within.js';
import { HOSTILE, REFUSED, UNKEEPABLE } from './hostile-texts.js';
import { SILENT } from './silent.js';

const echo = defineTask('echo', ({ data, job }) => ({ data, id: job?.id ?? null }));
const LATER = { date: new Date('2100-01-01') };

/** Is a way to an empty store. */
type MakeStore = () => Promise<JobStore>;

/** Makes a test of everything that ids have to survive. */
export function keepsHostileIds(aStore: MakeStore): void {
  it('are kept exactly, and kept apart', async () => {
    await using scheduler = await aScheduler(aStore);
    await scheduler.addJobs(
      HOSTILE.map((id) => ({ task: echo, trigger: LATER, options: { id, name: id, data: id, tags: [id] } })),
    );
    for (const id of HOSTILE) {
      const job = await scheduler.getJob(id);
      expect([job?.id, job?.name, job?.data, job?.tags]).toEqual([id, id, id, [id]]);
      const tagged = await scheduler.getJobs({ tag: id });
      expect(tagged.items.map((one) => one.id)).toEqual([id]);
    }
  });

  it('are listed in the order of their code points, page by page', async () => {
    await using scheduler = await aScheduler(aStore);
    await scheduler.addJobs(HOSTILE.map((id) => ({ task: echo, trigger: LATER, options: { id } })));
    const listed: string[] = [];
    for (let after: { after?: string } = {}; ; ) {
      const { items, next } = await scheduler.getJobs({ limit: 7, ...after });
      listed.push(...items.map(({ id }) => id));
      if (next === null) break;
      after = { after: next };
    }
    expect(listed).toEqual([...HOSTILE].sort(byCodePoints));
  });

  it('are those of the runs that are executed, and of no others', async () => {
    await using scheduler = await aScheduler(aStore);
    await scheduler.addJobs(HOSTILE.map((id) => ({ task: echo, trigger: LATER, options: { id, data: id } })));
    await scheduler.start();
    for (const id of HOSTILE) {
      const handle = await scheduler.runJob(id);
      expect(await within(handle.result())).toEqual({ id, data: id });
      const { items } = await scheduler.getRuns({ jobId: id });
      expect(items.map((run) => run.id)).toEqual([handle.id]);
    }
  });

  it('name one job each to edits and removals', async () => {
    await using scheduler = await aScheduler(aStore);
    await scheduler.addJobs(HOSTILE.map((id) => ({ task: echo, trigger: LATER, options: { id } })));
    const left = new Set(HOSTILE);
    for (const id of HOSTILE) {
      await expect(scheduler.addJob(echo, LATER, { id })).rejects.toMatchObject({ code: 'ESC_JOB_EXISTS' });
      await scheduler.modifyJob(id, { description: id });
      await scheduler.removeJob(id);
      left.delete(id);
      expect(await scheduler.getJob(id)).toBeNull();
      const { items } = await scheduler.getJobs({ limit: 1000 });
      expect(new Set(items.map((job) => job.id))).toEqual(left);
      expect(items.every(({ description }) => description === null)).toBe(true);
    }
  });

  it('are keys that are told apart', async () => {
    await using scheduler = await aScheduler(aStore);
    for (const created of [true, false]) {
      for (const key of HOSTILE) {
        expect((await scheduler.enqueue(echo, key, { key })).created, JSON.stringify(key)).toBe(created);
      }
    }
  });

  it('are refused where not every store could keep them', async () => {
    await using scheduler = await aScheduler(aStore);
    for (const id of REFUSED) {
      const added = scheduler.addJob(echo, LATER, { id });
      await expect(added, JSON.stringify(id)).rejects.toThrow(InvalidOptionError);
      await expect(scheduler.enqueue(echo, 1, { key: id })).rejects.toThrow(InvalidOptionError);
    }
    expect((await scheduler.getJobs()).items).toEqual([]);
    expect((await scheduler.getRuns()).items).toEqual([]);
  });
}

/** Makes a test of everything that texts have to survive. */
export function keepsHostileTexts(aStore: MakeStore): void {
  it('of data, results, errors and progress are kept exactly', async () => {
    await using scheduler = await aScheduler(aStore);
    await scheduler.start();
    for (const text of [...HOSTILE, ...UNKEEPABLE]) {
      const handle = await scheduler.enqueue(echo, { [`${text} `]: [text] });
      expect(await within(handle.result())).toEqual({ id: null, data: { [`${text} `]: [text] } });
    }
    const fail = defineTask('fail', ({ data, progress }) => {
      progress(0.5, data as string);
      throw new Error(data as string);
    });
    scheduler.registerTask(fail);
    for (const text of UNKEEPABLE) {
      const handle = await scheduler.enqueue(fail, text);
      await expect(within(handle.result())).rejects.toThrow();
      expect((await handle.run())?.error?.message).toBe(text);
    }
  });

  it('for people are refused where not every store could keep them', async () => {
    await using scheduler = await aScheduler(aStore);
    for (const text of UNKEEPABLE) {
      for (const options of [{ description: text }, { name: text }]) {
        const added = scheduler.addJob(echo, LATER, { id: 'a', ...options });
        await expect(added, JSON.stringify(options)).rejects.toThrow(InvalidOptionError);
      }
    }
    expect(await scheduler.getJob('a')).toBeNull();
  });

  it('of tags are kept exactly, and found', async () => {
    await using scheduler = await aScheduler(aStore);
    const tags = [...HOSTILE, ...UNKEEPABLE, '', ' edge '];
    await scheduler.addJob(echo, LATER, { id: 'all', tags });
    for (const tag of tags) {
      await scheduler.addJob(echo, LATER, { id: 'one', tags: [tag], ifExists: 'replace' });
      expect((await scheduler.getJob('one'))?.tags).toEqual([tag]);
      const { items } = await scheduler.getJobs({ tag });
      expect(
        items.map(({ id }) => id),
        JSON.stringify(tag),
      ).toEqual(['all', 'one']);
    }
  });
}

async function aScheduler(aStore: MakeStore): Promise<Scheduler> {
  return new Scheduler({ stores: { default: await aStore() }, tasks: [echo], logger: SILENT });
}

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
