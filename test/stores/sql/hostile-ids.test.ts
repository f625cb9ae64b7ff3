import { InvalidOptionError, Scheduler, defineTask } from 'escapement';
import type { SqlJobStoreOptions } from 'escapement/stores/sql';
import { SqlJobStore } from 'escapement/stores/sql';
import { describe, expect, it } from 'vitest';
import { within } from '../../support/within.js';
import { onEveryEngine } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';
import { SILENT } from '../support/silent.js';

/** Holds ids that a database may mangle, take for SQL, or take for one another. */
const HOSTILE = [
  ...["o'clock", '"quoted"', '`ticked`', 'back\\slash', "\\'", "'; drop table jobs; --", '/* comment */'],
  ...['%', '_', '?', '$1', ':name', '@name', '{"a":1}', '[1]', '\\u0000', '\\n', '${id}', '{0}'],
  ...['null', 'NULL', '0', '00', '0.0', '1e3', 'true', '__proto__', 'constructor', 'toString'],
  ...['job', 'Job', 'JOB', 'jOB', 'a', 'a b', 'a  b', 'ab', 'a-b', 'a_b', 'a.b', 'a\u00a0b', 'a\u200bb'],
  ...[
    'e',
    'é',
    'e\u0301',
    'É',
    'naive',
    'naïve',
    'ss',
    'ß',
    'SS',
    'fi',
    'ﬁ',
    'i',
    'ı',
    'İ',
    'I',
    'ａ',
    '\u00c5',
    '\u212b',
  ],
  ...['🎉', '🎊', '👩‍👩‍👧', '👩👩👧', '日本', '日本語', '\u{10ffff}', '\uffff', '\ue000', 'ا', 'א'],
  ...['x'.repeat(191), 'x'.repeat(190), '🎉'.repeat(95), `${'x'.repeat(190)}y`],
];

/** Holds what is no id. */
const REFUSED = [
  '',
  ' ',
  ' a',
  'a ',
  '\ta',
  'a\n',
  'a\u0000',
  '\u0000',
  'a\u0000b',
  'a\u007f',
  '\u00a0a',
  'a\u3000',
].concat(['\ud800', 'a\udc00', 'x'.repeat(192), '🎉'.repeat(96)]);

/** Holds texts that not every database can keep. */
const UNKEEPABLE = ['a\u0000b', '\u0000', '\ud800', 'a\udfffb'];

const echo = defineTask('echo', ({ data, job }) => ({ data, id: job?.id ?? null }));
const LATER = { date: new Date('2100-01-01') };

await onEveryEngine('hostile ids', (aPlace) => {
  it('are kept exactly, and kept apart', async () => {
    await using scheduler = await aScheduler(aPlace);
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
    await using scheduler = await aScheduler(aPlace);
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
    await using scheduler = await aScheduler(aPlace);
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
    await using scheduler = await aScheduler(aPlace);
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
    await using scheduler = await aScheduler(aPlace);
    for (const created of [true, false]) {
      for (const key of HOSTILE) {
        expect((await scheduler.enqueue(echo, key, { key })).created, JSON.stringify(key)).toBe(created);
      }
    }
  });

  it('are refused where not every store could keep them', async () => {
    await using scheduler = await aScheduler(aPlace);
    for (const id of REFUSED) {
      const added = scheduler.addJob(echo, LATER, { id });
      await expect(added, JSON.stringify(id)).rejects.toThrow(InvalidOptionError);
      await expect(scheduler.enqueue(echo, 1, { key: id })).rejects.toThrow(InvalidOptionError);
    }
    expect((await scheduler.getJobs()).items).toEqual([]);
    expect((await scheduler.getRuns()).items).toEqual([]);
  });
});

await onEveryEngine('hostile texts', (aPlace) => {
  it('of data, results, errors and progress are kept exactly', async () => {
    await using scheduler = await aScheduler(aPlace);
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
    await using scheduler = await aScheduler(aPlace);
    for (const text of UNKEEPABLE) {
      for (const options of [{ description: text }, { name: text }]) {
        const added = scheduler.addJob(echo, LATER, { id: 'a', ...options });
        await expect(added, JSON.stringify(options)).rejects.toThrow(InvalidOptionError);
      }
    }
    expect(await scheduler.getJob('a')).toBeNull();
  });

  it('of tags are kept exactly, and found', async () => {
    await using scheduler = await aScheduler(aPlace);
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
});

await onEveryEngine('table prefixes', (aPlace) => {
  it('of neighbours keep their jobs apart', async () => {
    const place = await aPlace();
    const stores = { default: place.store() };
    await using scheduler = new Scheduler({ stores, tasks: [echo], logger: SILENT });
    await scheduler.addJob(echo, LATER, { id: 'mine' });
    const tables = await place.query(`SELECT id FROM ${place.tablePrefix}jobs`);
    expect(tables).toMatchObject([{ id: 'mine' }]);
  });
});

describe('table prefixes and schemas', () => {
  const hostile = [
    '',
    ' ',
    'a b',
    'a ',
    "a'",
    'a"',
    'a`',
    'a;',
    'a-',
    'a.',
    'Abc',
    'ABC',
    'é',
    '🎉',
    'a\u0000',
    '1a',
    '$a',
  ].concat(['a\\', 'a%', 'a\n', '--', 'x'.repeat(33)]);

  it.each(['postgres', 'mysql', 'sqlite'] as const)(
    'are refused on %s unless every database takes them',
    (engine) => {
      const make = (options: SqlJobStoreOptions): SqlJobStore =>
        SqlJobStore[engine]('postgres://127.0.0.1:1/a', options);
      for (const name of hostile) {
        expect(() => make({ tablePrefix: name }), JSON.stringify(name)).toThrow(InvalidOptionError);
        expect(() => make({ schema: name }), JSON.stringify(name)).toThrow(InvalidOptionError);
      }
      for (const name of [1, null, {}, ['a_']]) {
        expect(() => make({ tablePrefix: name as unknown as string })).toThrow(InvalidOptionError);
      }
    },
  );
});

async function aScheduler(aPlace: () => Promise<SqlPlace>): Promise<Scheduler> {
  const place = await aPlace();
  return new Scheduler({ stores: { default: place.store() }, tasks: [echo], logger: SILENT });
}

function byCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
