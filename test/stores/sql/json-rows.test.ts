import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aRun } from '../../../src/testing/contract/records.js';
import { toJsonRows } from '../../../src/stores/sql/json-rows.js';
import type { Value } from '../../../src/stores/sql/row-writer.js';
import type { Column } from '../../../src/stores/sql/tables.js';
import { onEveryEngine } from './support/on-every-engine.js';
import { opened } from './support/open-stores.js';

const column = (name: string): Column => ({ name, type: 'text', isNullable: true, since: 1 });
const COLUMNS = [column('a'), column('b'), column('c')];

/** Is more than goes into one statement, with what MySQL makes of it, on the server that takes least. */
const PACKET_BYTES = 16 * 1024 * 1024;

describe('rows as JSON', () => {
  it('come back as they were, without the columns that are null', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger(), fc.constant(null));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value)), (rows) => {
        const back = [...toJsonRows(COLUMNS, rows)].flatMap((json) => JSON.parse(json) as object[]);
        expect(back).toEqual(
          rows.map((row) =>
            Object.fromEntries(
              COLUMNS.flatMap(({ name }, at) => (row[at] === null ? [] : [[name, row[at]]])),
            ),
          ),
        );
      }),
    );
  });

  it('are as many texts as it takes, none empty, and none longer than one row more than needed', () => {
    const length = fc.oneof(fc.nat(100), fc.integer({ min: 100_000, max: 900_000 }));
    fc.assert(
      fc.property(
        fc.array(length, { maxLength: 12 }),
        fc.constantFrom('x', '"', '日', '\u0001'),
        (lengths, char) => {
          const rows: Value[][] = lengths.map((count, at) => [at, char.repeat(count), null]);
          const texts = [...toJsonRows(COLUMNS, rows)];
          const back = texts.map((json) => JSON.parse(json) as { a: number; b: string }[]);
          expect(back.flat().map(({ a, b }) => [a, b.length])).toEqual(
            lengths.map((count, at) => [at, count]),
          );
          for (const [at, json] of texts.entries()) {
            expect(back[at]).not.toEqual([]);
            if (back[at]?.length !== 1) expect(json.length).toBeLessThan(2_001_000);
            // As mysql2 writes it: a backslash before each quote and backslash.
            const escaped = Buffer.byteLength(json.replaceAll(/["\\]/g, '\\$&'));
            if (back[at]?.length !== 1) expect(escaped).toBeLessThan(PACKET_BYTES);
          }
          // No more of them than needed: two neighbours never fit into one.
          for (let at = 1; at < texts.length; at++)
            expect(Number(texts[at - 1]?.length) + firstLength(texts[at])).toBeGreaterThan(2_000_000);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('are nothing where there are none', () => {
    expect([...toJsonRows(COLUMNS, [])]).toEqual([]);
    expect([...toJsonRows(COLUMNS, [[null, null, null]])]).toEqual(['[{}]']);
  });
});

await onEveryEngine('rows that need several statements', (aPlace) => {
  const data = (at: number): string =>
    JSON.stringify(`${at} "日\\`.padEnd(250 * 1024, String.fromCharCode(34, 0x65e5, 92)));

  it('are all inserted', async () => {
    const store = await opened((await aPlace()).store());
    const now = await store.now();
    const runs = Array.from({ length: 40 }, (_, at) => aRun(now, { data: data(at) }));
    const added = await store.addRuns(runs);
    expect(added.every(({ outcome }) => outcome === 'queued')).toBe(true);
    for (const run of runs) expect((await store.getRun(run.id))?.data === run.data).toBe(true);
    expect((await store.listRuns({ limit: 100 })).items).toHaveLength(40);
  });

  it('are inserted all or none: one that is there already lets the others be inserted once', async () => {
    const store = await opened((await aPlace()).store());
    const now = await store.now();
    const runs = Array.from({ length: 20 }, (_, at) => aRun(now, { data: data(at), uniqueKey: `key ${at}` }));
    const [last] = runs.slice(-1);
    await store.addRuns([{ ...aRun(now), uniqueKey: last?.uniqueKey ?? null }]);
    const added = await store.addRuns(runs);
    expect(added.map(({ outcome }) => outcome)).toEqual([...runs.slice(1).map(() => 'queued'), 'exists']);
    expect((await store.listRuns({ limit: 100 })).items).toHaveLength(20);
  });

  it('are all updated', async () => {
    const store = await opened((await aPlace()).store());
    const now = await store.now();
    await store.addRuns(Array.from({ length: 40 }, () => aRun(now)));
    const tasks = new Set(['task']);
    const request = { node: 'a', executor: 'default', tasks, triggerKinds: new Set<string>(), claimMs: 1000 };
    const { runs } = await store.claim({ ...request, limit: 100 });
    const finishes = runs.map(({ id, attempt }, at) => {
      const outcome = { kind: 'end', status: 'succeeded', result: data(at), error: null } as const;
      return { runId: id, attempt, settled: true, outcome, followUps: [] };
    });
    const results = await store.finishRuns('a', finishes);
    expect(results.map(({ outcome }) => outcome)).toEqual(runs.map(() => 'ok'));
    for (const [at, { id }] of runs.entries()) {
      const { status, result } = (await store.getRun(id)) ?? {};
      expect([status, result === data(at)]).toEqual(['succeeded', true]);
    }
  });
});

/** Gives the length of the first row in a text. */
function firstLength(json: string | undefined): number {
  const [first] = JSON.parse(json ?? '[]') as unknown[];
  return JSON.stringify(first).length;
}
