import { readFileSync } from 'node:fs';
import { InvalidOptionError, Scheduler } from 'escapement';
import { describe, expect, it } from 'vitest';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import { SqlJobStore } from 'escapement/stores/sql';
import { EventRecorder } from 'escapement/testing';
import { resolveRedisOptions } from '../../src/stores/redis/redis-options.js';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

describe('the tables of README.md', () => {
  it('list every option of a scheduler, and no other', () => {
    expect(optionsIn(section(readme, '## Scheduler options')).sort()).toEqual(
      knownBy(() => new Scheduler({ nonsense: true } as object)),
    );
  });

  it('list every option of a store in a database, and no other', () => {
    const known = knownBy(() => SqlJobStore.sqlite('jobs.db', { nonsense: true } as object));
    expect(optionsIn(section(readme, '## Stores')).sort()).toEqual(known);
    const document = readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8');
    expect(optionsIn(section(document, '## Options')).sort()).toEqual(known);
  });

  it('list every option of a store in Redis, and no other', () => {
    const known = knownBy(() => resolveRedisOptions({ nonsense: true }));
    const document = readFileSync(new URL('../../docs/redis.md', import.meta.url), 'utf8');
    expect(optionsIn(section(document, '## Connecting')).sort()).toEqual(known);
  });

  it('list every option of an executor of worker threads, and no other', () => {
    const known = knownBy(() => new WorkerThreadExecutor({ nonsense: true } as object));
    const document = readFileSync(new URL('../../docs/executors.md', import.meta.url), 'utf8');
    expect(optionsIn(section(document, '## Worker threads')).sort()).toEqual(known);
  });

  it('list every option of a job, and no other', async () => {
    const known = await knownByCall(() =>
      new Scheduler().addJob(() => 1, '* * * * *', { nonsense: true } as object),
    );
    expect(optionsIn(section(readme, '## Job options')).sort()).toEqual(known);
  });

  it('list every event, and no other', () => {
    const listened: string[] = [];
    new EventRecorder({ on: (name) => listened.push(name), off: () => undefined });
    const rows = [...section(readme, '## Events').matchAll(/^\| [^|]+ \| (.*)\|$/gm)].map(
      ([, cell = '']) => cell,
    );
    const named = rows.flatMap((row) => {
      const names = [...row.matchAll(/`(\w+)?:(\w+)`/g)];
      const prefix = names[0]?.[1] ?? '';
      return names.map(([, , name = '']) => `${prefix}:${name}`);
    });
    expect(named.sort()).toEqual(listened.sort());
  });
});

function section(document: string, heading: string): string {
  const [, after = ''] = document.split(`${heading}\n`);
  return after.split(/^## /m)[0] ?? '';
}

function optionsIn(text: string): string[] {
  return [...text.matchAll(/^\| `(\w+)` /gm)].map(([, option = '']) => option);
}

/** Gives the names that the refusal of an unknown one lists. */
function knownBy(call: () => unknown): string[] {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidOptionError) return namesIn(error);
  }
  throw new Error('An unknown option was taken.');
}

async function knownByCall(call: () => Promise<unknown>): Promise<string[]> {
  const error: unknown = await call().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InvalidOptionError) return namesIn(error);
  throw new Error('An unknown option was taken.');
}

function namesIn({ message }: InvalidOptionError): string[] {
  const [, list = ''] = /knows (.*), got/.exec(message) ?? [];
  return list.replace('`', '').split(', ').sort();
}
