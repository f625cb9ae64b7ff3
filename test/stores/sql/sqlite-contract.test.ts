import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from 'escapement/testing';
import type { JobStoreHarness } from 'escapement/testing';
import { SqlJobStore } from 'escapement/stores/sql';
import { describe } from 'vitest';
import { keepsTheContract } from '../support/keeps-the-contract.js';
import { SILENT } from '../support/silent.js';

/** Is a database that a store can be handed. */
type OpenDatabase = Exclude<Parameters<typeof SqlJobStore.sqlite>[0], string> & { close(): void };

/** Is `node:sqlite`, by the part of it that is used here; the types of the oldest Node do not know it. */
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => OpenDatabase;
}

const sqlite = process.getBuiltinModule('node:sqlite') as unknown as NodeSqlite | undefined;
const reason = sqlite === undefined ? ` (Node ${process.versions.node} has none)` : '';

/** Is a folder in memory where there is one: each commit waits for the disk, and these are many. */
const home = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe('the job store contract, on better-sqlite3', () => {
  keepsTheContract(SqlJobStore.sqlite('never-opened.db'), async () => {
    const { path, ...harness } = await aFile();
    return {
      ...harness,
      store: SqlJobStore.sqlite(path),
      peers: [SqlJobStore.sqlite(path), SqlJobStore.sqlite(path)],
    };
  });
});

describe.skipIf(sqlite === undefined)(`the job store contract, on node:sqlite${reason}`, () => {
  keepsTheContract(SqlJobStore.sqlite('never-opened.db'), async () => {
    const { path, dispose, ...harness } = await aFile();
    const open = (): OpenDatabase => new sqlite!.DatabaseSync(path);
    const databases = [open(), open(), open()];
    const [store, ...peers] = databases.map((database) => SqlJobStore.sqlite(database));
    return {
      ...harness,
      store: store!,
      peers,
      async dispose() {
        for (const database of databases) database.close();
        await dispose();
      },
    };
  });
});

/** Makes a folder with room for a file, and what goes with a store on that file. */
async function aFile(): Promise<{ path: string } & Omit<JobStoreHarness, 'store'>> {
  const folder = await mkdtemp(join(home, 'escapement-sqlite-'));
  const clock = new ManualClock();
  return {
    path: join(folder, 'jobs.db'),
    context: { clock, logger: SILENT },
    clock,
    dispose: () => rm(folder, { recursive: true }),
  };
}
