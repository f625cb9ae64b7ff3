import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Gives a port of 127.0.0.1 that nobody listens on.
 *
 * It is below those that the system gives to outgoing connections, so that nobody takes it while a server is restarted.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
  throw new Error('Found no free port between 12000 and 32000');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
