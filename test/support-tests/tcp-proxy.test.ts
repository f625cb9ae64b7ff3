import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from '../support/tcp-proxy.js';
import { within } from '../support/within.js';

/** What the server got, over all connections. */
let received = '';
let serverSockets: Socket[] = [];
let clients: Socket[] = [];
const server = createServer((socket) => {
  serverSockets.push(socket);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    received += bytes.toString();
    socket.write(`answer to ${bytes.toString()}`);
  });
});
let proxy: TcpProxy;

beforeEach(async () => {
  received = '';
  serverSockets = [];
  clients = [];
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await TcpProxy.to(`postgres://me@127.0.0.1:${(server.address() as AddressInfo).port}/db`);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of [...clients, ...serverSockets]) socket.destroy();
  server.close();
});

describe('TcpProxy', () => {
  it('passes bytes both ways, and keeps all of the URL but the address', async () => {
    const client = await connected();
    expect(await ask(client, 'hello')).toBe('answer to hello');
    const { username, pathname, port } = new URL(proxy.url);
    expect([username, pathname]).toEqual(['me', '/db']);
    expect(Number(port)).not.toBe((server.address() as AddressInfo).port);
  });

  it('passes more bytes than fit into the buffers', async () => {
    const client = await connected();
    const sent = 'x'.repeat(20_000_000);
    client.resume().write(sent);
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(sent.length);
  });

  it('ends one side in order when the other one does', async () => {
    const client = await connected();
    await ask(client, 'hello');
    const closed = once(client, 'close');
    serverSockets[0]?.end('bye');
    expect(String(await within(once(client, 'data')))).toBe('bye');
    expect(await within(closed)).toEqual([false]);
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('swallows bytes both ways while connections stay open, old and new ones', async () => {
    const old = await connected();
    await ask(old, 'hello');
    proxy.swallow();
    const fresh = await connected();
    old.write('lost');
    fresh.write('lost too');
    serverSockets[0]?.write('lost as well');
    await expect(within(once(old, 'data'), 'bytes', 50)).rejects.toThrow('Waited');
    expect(received).toBe('hello');
    expect([old.destroyed, fresh.destroyed]).toEqual([false, false]);
  });

  it('does not tell either side of the end of the other while it swallows', async () => {
    const client = await connected();
    await ask(client, 'hello');
    proxy.swallow();
    client.destroy();
    const [socket] = serverSockets;
    await expect(within(closeOf(socket!), 'the end', 50)).rejects.toThrow('Waited');
  });

  it('cuts the connections that lost bytes when it heals, and lets new ones through', async () => {
    const client = await connected();
    await ask(client, 'hello');
    proxy.swallow();
    const closed = closeOf(client);
    proxy.heal();
    await within(closed);
    expect(await ask(await connected(), 'again')).toBe('answer to again');
  });

  it('cuts all connections, and lets new ones through', async () => {
    const client = await connected();
    await ask(client, 'hello');
    const closed = [closeOf(client), closeOf(serverSockets[0]!)];
    proxy.cut();
    await within(Promise.all(closed));
    expect(await ask(await connected(), 'again')).toBe('answer to again');
  });

  it('refuses connections until it heals', async () => {
    proxy.refuse();
    const client = await connected();
    await within(closeOf(client));
    proxy.heal();
    expect(await ask(await connected(), 'again')).toBe('answer to again');
  });

  it('cuts a connection before the server has got a chunk, once, and that connection alone', async () => {
    const [one, other] = [await connected(), await connected()];
    const cut = proxy.cutOn((bytes) => bytes.includes('COMMIT'), 'before');
    expect(await ask(one, 'BEGIN')).toBe('answer to BEGIN');
    const closed = closeOf(one);
    one.write('COMMIT');
    await within(Promise.all([cut, closed]));
    expect(await ask(other, ' COMMIT 2')).toBe('answer to  COMMIT 2');
    expect(received).toBe('BEGIN COMMIT 2');
  });

  it('cuts a connection after the server has answered to a chunk, an answer that is lost', async () => {
    const client = await connected();
    const cut = proxy.cutOn((bytes) => bytes.includes('COMMIT'), 'after');
    expect(await ask(client, 'BEGIN ')).toBe('answer to BEGIN ');
    let answer = '';
    client.on('data', (bytes) => {
      answer += bytes.toString();
    });
    const closed = closeOf(client);
    client.write('COMMIT');
    await within(Promise.all([cut, closed]));
    expect(received).toBe('BEGIN COMMIT');
    expect(answer).toBe('');
  });

  it('delivers a chunk that it held long after its sender was cut off', async () => {
    const client = await connected();
    const held = proxy.holdOn((bytes) => bytes.includes('COMMIT'));
    expect(await ask(client, 'BEGIN ')).toBe('answer to BEGIN ');
    const closed = closeOf(client);
    client.write('COMMIT');
    const { deliver } = await within(held);
    await within(closed);
    expect(await ask(await connected(), 'READ ')).toBe('answer to READ ');
    expect(serverSockets[0]?.destroyed).toBe(false);
    await within(deliver());
    expect(received).toBe('BEGIN READ COMMIT');
    await expect.poll(() => serverSockets[0]?.destroyed).toBe(true);
  });

  it('forgets when it heals what it was to wait for', async () => {
    void proxy.cutOn(() => true, 'before');
    proxy.heal();
    expect(await ask(await connected(), 'hello')).toBe('answer to hello');
  });

  it('resets new connections when the server is gone', async () => {
    server.close();
    const client = await connected();
    await within(closeOf(client));
    await expect.poll(() => proxy.connections).toBe(0);
  });

  it('may be closed twice', async () => {
    await proxy.close();
    await proxy.close();
  });
});

async function connected(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(proxy.url).port) });
  clients.push(socket);
  socket.on('error', () => {});
  await Promise.race([closeOf(socket), new Promise((resolve) => socket.once('connect', resolve))]);
  return socket;
}

/** Waits for the end of a socket, a broken one's too. */
async function closeOf(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

async function ask(socket: Socket, question: string): Promise<string> {
  socket.write(question);
  const [answer] = (await within(once(socket, 'data'))) as [Buffer];
  return answer.toString();
}
