import { InvalidOptionError, Scheduler, defineTask } from 'escapement';
import type { SqlJobStoreOptions } from 'escapement/stores/sql';
import { SqlJobStore } from 'escapement/stores/sql';
import { describe, expect, it } from 'vitest';
import { onEveryEngine } from './support/on-every-engine.js';
import { keepsHostileIds, keepsHostileTexts } from '../support/keeps-hostile-texts.js';
import { SILENT } from '../support/silent.js';

const echo = defineTask('echo', ({ data, job }) => ({ data, id: job?.id ?? null }));
const LATER = { date: new Date('2100-01-01') };

await onEveryEngine('hostile ids', (aPlace) => keepsHostileIds(async () => (await aPlace()).store()));

await onEveryEngine('hostile texts', (aPlace) => keepsHostileTexts(async () => (await aPlace()).store()));

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
