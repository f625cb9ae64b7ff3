import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { startServer, whyNoServer } from '../support/servers.js';
import type { ServerKind } from '../support/servers.js';
import { describeOnServer } from '../support/servers/describe-on-server.js';
import { dropTables, freshDatabase, freshPrefix } from '../support/servers/fresh-names.js';
import { isAlive } from '../support/servers/processes.js';
import { rejectionOf, within } from '../support/within.js';

const areRequired = process.env['ESCAPEMENT_REQUIRE_SERVERS'] === '1';

// These start servers of their own, whatever the environment names.
for (const kind of ['postgres', 'mysql', 'redis'] as const) {
  const reason = areRequired ? null : whyNoServer(kind);

  describe.skipIf(reason !== null)(`a private ${kind} server${reason === null ? '' : ` (${reason})`}`, () => {
    it('keeps its data and its address through a stop in order and through a kill', async () => {
      await using server = await startServer(kind);
      const { url, pid } = server;
      await insert(kind, url, 1);
      await server.start();
      expect(server.pid).toBe(pid);

      await server.stop();
      await server.stop();
      expect(server.pid).toBeNull();
      await expect(select(kind, url)).rejects.toThrow();
      await server.start();
      await insert(kind, url, 2);

      await server.stop('kill');
      await server.start();
      expect(server.url).toBe(url);
      expect(server.pid).not.toBe(pid);
      expect(await select(kind, url)).toEqual([1, 2]);
    });

    it('answers nothing while it is paused, and is disposed of all the same', async () => {
      const server = await startServer(kind, { durable: false });
      const { pid, url, folder } = server;
      await insert(kind, url, 1);
      server.pause();
      const answer = select(kind, url);
      await expect(within(answer, 'an answer', 200)).rejects.toThrow('Waited 200 ms');
      server.resume();
      expect(await within(answer)).toEqual([1]);
      server.pause();
      await server.dispose();
      expect(isAlive(pid ?? 0)).toBe(false);
      expect(existsSync(folder)).toBe(false);
    });

    it('keeps its data through a stop in order though it is not durable', async () => {
      await using server = await startServer(kind, { durable: false });
      await insert(kind, server.url, 1);
      await server.stop();
      await server.start();
      expect(await select(kind, server.url)).toEqual([1]);
    });

    it('says what is wrong when it does not start', async () => {
      const error = await rejectionOf(startServer(kind, { config: { 'no-such-setting': '1' } }));
      expect(String(error)).toMatch(/server ended at once:[^]*no.such.setting/);
    });

    // What ends them is the same for all kinds, and Redis starts in no time.
    const signals = kind === 'redis' ? (['SIGINT', 'SIGTERM', 'SIGKILL'] as const) : (['SIGKILL'] as const);
    it.each(signals)('ends when its process is sent %s', async (signal) => {
      const { child, pid, folder } = await startElsewhere(kind);
      const before = { isAlive: isAlive(pid), hasFolder: existsSync(folder) };
      child.kill(signal);
      expect(before).toEqual({ isAlive: true, hasFolder: true });
      await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
      await expect.poll(() => existsSync(folder), { timeout: 10_000 }).toBe(false);
    });
  });
}

for (const kind of ['postgres', 'mysql'] as const) {
  await describeOnServer(kind, `the ${kind} server that tests share`, (url) => {
    it('has a database for each test that asks for one, until it is dropped', async () => {
      const [one, two] = [await freshDatabase(url), await freshDatabase(url)];
      await insert(kind, one.url, 1);
      await insert(kind, two.url, 2);
      expect(await select(kind, one.url)).toEqual([1]);
      await one.drop();
      await expect(select(kind, one.url)).rejects.toThrow();
      expect(await select(kind, two.url)).toEqual([2]);
      await two.drop();
    });

    it('keeps the tables of other tests when those of one are dropped', async () => {
      const [one, two] = [freshPrefix(), freshPrefix()];
      for (const name of [`${one}jobs`, `${one}runs`, `${two}jobs`])
        await query(url, `CREATE TABLE ${name} (n int)`);
      await dropTables(url, one);
      await expect(query(url, `SELECT n FROM ${one}jobs`)).rejects.toThrow();
      await expect(query(url, `SELECT n FROM ${one}runs`)).rejects.toThrow();
      expect(await query(url, `SELECT n FROM ${two}jobs`)).toEqual([]);
      await dropTables(url, two);
      await dropTables(url, two);
    });
  });
}

async function insert(kind: ServerKind, url: string, n: number): Promise<void> {
  if (kind === 'redis') {
    await command(url, `RPUSH kept ${n}`);
    return;
  }
  await query(url, 'CREATE TABLE IF NOT EXISTS kept (n int)');
  await query(url, `INSERT INTO kept VALUES (${n})`);
}

async function select(kind: ServerKind, url: string): Promise<number[]> {
  if (kind === 'redis') return [...(await command(url, 'LRANGE kept 0 -1')).matchAll(/^\d+/gm)].map(Number);
  return (await query(url, 'SELECT n FROM kept ORDER BY n')).map(({ n }) => Number(n));
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  if (url.startsWith('mysql')) {
    const connection = await createConnection({ uri: url });
    try {
      return (await connection.query<RowDataPacket[]>(sql))[0];
    } finally {
      await connection.end();
    }
  }
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function command(url: string, line: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(`${line}\r\nQUIT\r\n`);
    let answer = '';
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('end', () => resolve(answer));
  });
}

/** Starts a server in another process, which then does nothing. */
async function startElsewhere(
  kind: ServerKind,
): Promise<{ child: ReturnType<typeof spawn>; pid: number; folder: string }> {
  const support = fileURLToPath(new URL('../support/servers.ts', import.meta.url));
  const source = `
    import { startServer } from ${JSON.stringify(support)};
    const server = await startServer('${kind}');
    console.log(JSON.stringify({ pid: server.pid, folder: server.folder }));
    setInterval(() => {}, 1000);
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', source];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const printed = new Promise<string>((resolve) => {
    child.stdout.once('data', (chunk) => resolve(String(chunk)));
  });
  try {
    const { pid, folder } = JSON.parse(await within(printed, 'the server to start', 15_000)) as {
      pid: number;
      folder: string;
    };
    return { child, pid, folder };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
