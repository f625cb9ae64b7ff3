import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Is a Redis server for an example. */
export interface RedisServer {
  readonly url: string;
  /** Stops it. */
  stop(): Promise<void>;
}

/** The server goes, and its folder, when the other end of this shell's input is closed, if only by the end of this process. */
const SCRIPT = `
command -v redis-server > /dev/null || exit 127
redis-server "$@" &
read -r _
kill $!
wait $!
rm -r "$PWD"`;
const READY_LIMIT_MS = 10_000;

/** Starts a redis-server on a free port, in a temporary folder. It ends with this process, however that ends. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'escapement-fleet-'));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'redis-server', ...args], {
    cwd: folder,
    // In a group of its own: an interrupt typed at a terminal is not the server's.
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const exited = once(shell, 'exit');
  const stop = async (): Promise<void> => {
    shell.stdin.end();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const endAt = Date.now() + READY_LIMIT_MS;
  while (!(await answers(port))) {
    if (shell.exitCode === null && Date.now() < endAt) {
      await sleep(20);
      continue;
    }
    await stop();
    const why = shell.exitCode === 127 ? 'There is no redis-server' : 'The redis-server does not answer';
    throw new Error(`${why}: name a server in REDIS_URL.`);
  }
  return { url: `redis://127.0.0.1:${port}`, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.write('PING\r\n');
    socket.once('error', () => resolve(false));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
  });
}
