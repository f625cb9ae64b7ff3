import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startServer, whyNoServer } from '../../../support/servers.js';
import type { PrivateServer } from '../../../support/servers.js';
import { TcpProxy } from '../../../support/tcp-proxy.js';
import { rejectionOf, within } from '../../../support/within.js';
import { eventually } from './support/eventually.js';
import { COUNT, Stand } from './support/stand.js';

const TIMED_OUT = { code: 'ESC_STORE_TIMED_OUT' };

function isScript(bytes: Buffer): boolean {
  return bytes.includes('evalsha');
}

/** Gives the ids that the server has for the connections that are made here. */
async function connectionIds(stand: Stand): Promise<readonly string[]> {
  const session = await stand.session();
  const list = String(await session.call('CLIENT', 'LIST', 'TYPE', 'NORMAL'));
  const ours = list.split('\n').filter((line) => line.includes(' name=escapement '));
  return ours.map((line) => line.split(' ', 1)[0] ?? '');
}

describe.skipIf(whyNoServer('redis') !== null)('a connection to Redis', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  beforeEach(() => {
    vi.spyOn(console, 'error');
    vi.spyOn(console, 'warn');
  });

  afterEach(() => {
    expect(console.error).not.toHaveBeenCalled();
    expect(console.warn).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  afterAll(() => server.dispose());

  for (const when of ['before', 'after'] as const) {
    it(`rejects what was sent when it breaks ${when} it was answered, and sends nothing twice`, async () => {
      await using stand = new Stand(server.url);
      const proxy = await stand.proxy();
      const connection = await stand.connect({ url: proxy.url });
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);

      const cut = proxy.cutOn(isScript, when);
      expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject({ code: 'ECONNRESET' });
      await within(cut);
      expect(await connection.run(COUNT, stand.key, [])).toBe(when === 'before' ? 2 : 3);
    });
  }

  it('settles every call that is on its way when it breaks, and does none of them twice', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    const calls = Array.from({ length: 200 }, () => connection.run(COUNT, stand.key, []));
    await calls[0];
    proxy.cut();
    const outcomes = await within(Promise.allSettled(calls));
    const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
    await eventually(() => connection.maxmemoryPolicy());
    const session = await stand.session();
    const count = Number(await session.call('GET', stand.key));
    expect(count).toBeGreaterThanOrEqual(done);
    expect(count).toBeLessThanOrEqual(calls.length);
  });

  it('is waited for a moment when it was lost', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    const [first] = await connectionIds(stand);
    proxy.cut();
    await eventually(async () => expect(await connectionIds(stand)).not.toContain(first));
    expect(await connection.run(COUNT, stand.key, [])).toBe(1);
  });

  it('rejects calls while it cannot be made, with the reason, and does not make up for them', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    proxy.refuse();
    for (let time = 0; time < 2; time++) {
      expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject({ code: 'ECONNRESET' });
    }
    proxy.heal();
    expect(await eventually(() => connection.run(COUNT, stand.key, []))).toBe(1);
  });

  it('is given up and made anew when no answer comes', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url, commandTimeout: 300 });
    proxy.swallow();
    const calls = [1, 2, 3].map(() => rejectionOf(connection.run(COUNT, stand.key, [])));
    for (const call of calls) expect(await call).toMatchObject({ ...TIMED_OUT, limitMs: 300 });
    // Nor is there an answer to the next connection.
    expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject(TIMED_OUT);
    proxy.heal();
    expect(await eventually(() => connection.run(COUNT, stand.key, []))).toBe(1);
  });

  it('comes back when a server goes on that stood still', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect({ commandTimeout: 300 });
    expect(await connection.run(COUNT, stand.key, [])).toBe(1);
    server.pause();
    try {
      expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject(TIMED_OUT);
    } finally {
      server.resume();
    }
    // What was asked may be done all the same.
    expect([2, 3]).toContain(await eventually(() => connection.run(COUNT, stand.key, [])));
  });

  for (const how of ['fast', 'kill'] as const) {
    it(`comes back when the server is started again after ${how === 'fast' ? 'a stop in order' : 'a kill'}`, async () => {
      await using own = await startServer('redis');
      await using stand = new Stand(own.url);
      const connection = await stand.connect();
      expect(await connection.run(COUNT, stand.key, [])).toBe(1);
      await own.stop(how);
      expect(await rejectionOf(connection.run(COUNT, stand.key, []))).toMatchObject({ code: 'ECONNREFUSED' });
      await own.start();
      expect(await eventually(() => connection.run(COUNT, stand.key, []))).toBe(2);
      expect(stand.logger.entries.map(({ level }) => level)).toEqual(['debug', 'debug']);
    });
  }

  it('is made anew when its server has become a replica', async () => {
    await using master = await startServer('redis', { durable: false });
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const session = await stand.session();
    const [first] = await connectionIds(stand);
    await session.call('REPLICAOF', '127.0.0.1', new URL(master.url).port);
    try {
      const error = await rejectionOf(connection.run(COUNT, stand.key, []));
      expect(String(error)).toMatch(/READONLY|MASTERDOWN/);
    } finally {
      await session.call('REPLICAOF', 'NO', 'ONE');
    }
    expect(await eventually(() => connection.run(COUNT, stand.key, []))).toBe(1);
    expect(await connectionIds(stand)).not.toContain(first);
  });

  it('survives a client that the server is told to end', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect();
    const session = await stand.session();
    await session.call('CLIENT', 'KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES');
    expect(await eventually(() => connection.run(COUNT, stand.key, []))).toBe(1);
  });
});

describe.skipIf(whyNoServer('redis') !== null)('connecting to Redis', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  it('is rejected when nobody is there', async () => {
    await using stand = new Stand(server.url);
    const proxy = await TcpProxy.to(server.url);
    await proxy.close();
    expect(await rejectionOf(stand.connect({ url: proxy.url }))).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is rejected when a server is there that does not answer', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    proxy.swallow();
    const error = await rejectionOf(stand.connect({ url: proxy.url, commandTimeout: 200 }));
    expect(error).toMatchObject({ ...TIMED_OUT, limitMs: 200 });
    expect(String(error)).toContain('no connection');
    await eventually(() => expect(proxy.connections).toBe(1));
  });

  it('is rejected when the database of the URL does not exist', async () => {
    await using stand = new Stand(server.url);
    const error = await rejectionOf(stand.connect({ url: `${server.url}/99` }));
    expect(String(error)).toContain('DB index is out of range');
  });

  it('is rejected when the server has no place for it', async () => {
    await using own = await startServer('redis', { durable: false, config: { maxclients: '1' } });
    await using stand = new Stand(own.url);
    const session = await stand.session();
    expect(await rejectionOf(stand.connect())).toBeInstanceOf(Error);
    await session[Symbol.asyncDispose]();
    await eventually(() => stand.connect());
  });

  it('goes by a Unix socket where the URL is a path', async () => {
    await using own = await startServer('redis', { durable: false, config: { unixsocket: 'redis.sock' } });
    await using stand = new Stand(own.url);
    const connection = await stand.connect({ url: `${own.folder}/redis.sock?db=3` });
    await connection.run(COUNT, stand.key, []);
    const session = await stand.session(`${own.url}/3`);
    expect(await session.call('GET', stand.key)).toBe('1');
  });

  it('uses the database of the URL', async () => {
    await using stand = new Stand(server.url);
    const connection = await stand.connect({ url: `${server.url}/3` });
    await connection.run(COUNT, stand.key, []);
    const session = await stand.session(`${server.url}/3`);
    expect(await session.call('GET', stand.key)).toBe('1');
  });
});

describe.skipIf(whyNoServer('redis') !== null)('closing', () => {
  let server: PrivateServer;

  beforeAll(async () => {
    server = await startServer('redis', { durable: false });
  });

  afterAll(() => server.dispose());

  it('ends all connections, and can be done twice', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    await connection.listen('channel', () => {});
    expect(proxy.connections).toBe(2);
    await Promise.all([connection.close(), connection.close()]);
    await connection.close();
    await eventually(() => expect(proxy.connections).toBe(0));
    for (const call of [connection.run(COUNT, stand.key, []), connection.maxmemoryPolicy()]) {
      expect(await rejectionOf(call)).toMatchObject({ code: 'ESC_INVALID_STATE' });
    }
  });

  it('rejects what has no answer yet, and what waits for the connection', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    proxy.swallow();
    const call = rejectionOf(connection.run(COUNT, stand.key, []));
    await new Promise(setImmediate);
    await connection.close();
    expect(await call).toMatchObject({ code: 'ESC_INVALID_STATE' });
  });

  it('ends the attempts to connect again', async () => {
    await using stand = new Stand(server.url);
    const proxy = await stand.proxy();
    const connection = await stand.connect({ url: proxy.url });
    proxy.swallow();
    const [call] = [rejectionOf(connection.run(COUNT, stand.key, []))];
    proxy.cut();
    await call;
    // The next one gets no answer to its greeting.
    await eventually(() => expect(proxy.connections).toBeGreaterThan(0));
    const waiting = rejectionOf(connection.run(COUNT, stand.key, []));
    await connection.close();
    expect(await waiting).toMatchObject({ code: 'ESC_INVALID_STATE' });
  });
});
