import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisSession } from '../../../../support/redis-session.js';
import { findProgram } from '../../../../support/servers/find-program.js';
import { freePort } from '../../../../support/servers/free-port.js';
import { Guard } from '../../../../support/servers/guard.js';
import { eventually } from './eventually.js';

/** Is a sentinel of our own; it tells which server is the master, and does nothing about it. */
export class Sentinel implements AsyncDisposable {
  readonly port: number;
  readonly #guard: Guard;

  private constructor(port: number, guard: Guard) {
    this.port = port;
    this.#guard = guard;
  }

  /** Starts one. */
  static async start(): Promise<Sentinel> {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-sentinel-'));
    const guard = new Guard(folder, 'SIGKILL');
    const port = await freePort();
    const file = join(folder, 'sentinel.conf');
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\ndir ${folder}\n`);
    const program = findProgram('redis-server') ?? '';
    const child = spawn(program, [file, '--sentinel'], { stdio: 'ignore', detached: true });
    child.unref();
    guard.watch(child.pid ?? null);
    child.once('exit', () => guard.watch(null));
    const sentinel = new Sentinel(port, guard);
    await eventually(() => sentinel.#call('PING'));
    return sentinel;
  }

  /** Has it tell that a server is the master of a name, and no other. */
  async promote(name: string, serverUrl: string): Promise<void> {
    await this.#call('SENTINEL', 'REMOVE', name).catch(() => undefined);
    await this.#call('SENTINEL', 'MONITOR', name, '127.0.0.1', new URL(serverUrl).port, '1');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#guard.end();
  }

  async #call(command: string, ...args: readonly string[]): Promise<unknown> {
    await using session = await RedisSession.to(`redis://127.0.0.1:${this.port}`);
    return await session.call(command, ...args);
  }
}
