import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HistoryWriter } from './history-writer.js';
import { parseHistory, readHistory } from './read-history.js';

test('what several processes write is read in the order of time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  const writers = ['a', 'b'].map((name) => new HistoryWriter(folder, name));
  for (const what of ['one', 'two', 'three', 'four']) {
    const writer = writers.shift();
    if (writer === undefined) break;
    writer.write({ kind: 'fault', what });
    writers.push(writer);
  }
  expect(readHistory(folder).map((entry) => entry.kind === 'fault' && [entry.process, entry.what])).toEqual([
    ['a', 'one'],
    ['b', 'two'],
    ['a', 'three'],
    ['b', 'four'],
  ]);
  for (const writer of writers) writer.close();
  rmSync(folder, { recursive: true });
});

test('a last line that a kill has torn is left out', () => {
  expect(parseHistory('{"kind":"fault"}\n{"kind":"fa', 'a.jsonl')).toEqual([{ kind: 'fault' }]);
});

test('a torn line in the middle is an error', () => {
  expect(() => parseHistory('{"kind":"fa\n{"kind":"fault"}\n', 'a.jsonl')).toThrow(/Line 1 of a\.jsonl/);
});
