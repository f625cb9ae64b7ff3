import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { Guard } from './guard.js';
import { childrenOf, isAlive, signalAll } from './processes.js';
import { serverUser } from './run-as.js';
import type { Command, ServerEngine, ServerKind, ServerSettings } from './server-engine.js';

const READY_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 20_000;

/**
 * Is a server of our own, in a temporary folder, on a port of 127.0.0.1.
 *
 * States: `running` ⇄ `paused`, both ⇄ `stopped`; all → `disposed`. However the process that started it ends, the
 * server ends too and its folder goes.
 */
export class PrivateServer {
  readonly kind: ServerKind;
  /** Stays the same however often it is stopped and started. */
  readonly url: string;
  /** Holds its data and its log, `server.log`. */
  readonly folder: string;
  readonly #engine: ServerEngine;
  readonly #settings: ServerSettings;
  readonly #port: number;
  readonly #guard: Guard;
  #process: ChildProcess | null = null;
  #paused: readonly number[] = [];

  private constructor(
    engine: ServerEngine,
    settings: ServerSettings,
    folder: string,
    port: number,
    guard: Guard,
  ) {
    this.kind = engine.kind;
    this.url = engine.url(port);
    this.folder = folder;
    this.#engine = engine;
    this.#settings = settings;
    this.#port = port;
    this.#guard = guard;
  }

  /** Installs a server in a folder of its own, and starts it. */
  static async launch(engine: ServerEngine, settings: ServerSettings): Promise<PrivateServer> {
    const missing = engine.missing();
    if (missing !== null) throw new Error(`Cannot start a ${engine.kind} server: ${missing}`);
    const folder = await mkdtemp(join(tmpdir(), `escapement-${engine.kind}-`));
    const guard = new Guard(folder, engine.discardSignal);
    const server = new PrivateServer(engine, settings, folder, await freePort(), guard);
    try {
      await server.#install();
      await server.start();
    } catch (error) {
      await guard.end();
      throw error;
    }
    return server;
  }

  /** Is the server's process, the first of several perhaps; `null` while it is stopped. */
  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  /** Starts it again, with the data it had, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#process !== null) return;
    const server = this.#spawn(this.#engine.run({ folder: this.folder, port: this.#port }, this.#settings));
    this.#process = server;
    server.once('exit', () => {
      if (this.#process === server) this.#process = null;
    });
    await this.#answers(server);
  }

  /** Stops it: `fast` in order, without waiting for its clients; `kill` all its processes at once, as a power cut does. */
  async stop(mode: 'fast' | 'kill' = 'fast'): Promise<void> {
    const server = this.#process;
    if (server?.pid === undefined) return;
    const all = [server.pid, ...childrenOf(server.pid)];
    const exited = exitOf(server);
    if (mode === 'kill') {
      signalAll(all, 'SIGKILL');
    } else {
      this.resume();
      signalAll([server.pid], this.#engine.stopSignal);
      const timer = setTimeout(() => signalAll(all, 'SIGKILL'), STOP_LIMIT_MS);
      await exited;
      clearTimeout(timer);
    }
    await exited;
    this.#paused = [];
    // What is left of it holds on to its data, and would be in the way of the next start.
    await until(() => !all.some(isAlive), 'the processes of the server to end');
  }

  /** Freezes all its processes: connections stay open, and nothing answers. */
  pause(): void {
    if (this.pid === null) return;
    // The parent comes first: it makes no more children.
    signalAll([this.pid], 'SIGSTOP');
    const children = childrenOf(this.pid);
    signalAll(children, 'SIGSTOP');
    this.#paused = [this.pid, ...children];
  }

  /** Lets it go on after a pause. */
  resume(): void {
    signalAll(this.#paused, 'SIGCONT');
    this.#paused = [];
  }

  /** Ends it for good and removes its data. */
  async dispose(): Promise<void> {
    await this.#guard.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #install(): Promise<void> {
    const user = serverUser(this.#engine.users);
    if (user !== null) chownSync(this.folder, user.uid, user.gid);
    const command = this.#engine.install(this.folder);
    if (command === null) return;
    const installer = this.#spawn(command);
    const code = await exitOf(installer);
    if (code !== 0) throw new Error(`${command.file} failed:\n${this.#log()}`);
  }

  #spawn({ file, args }: Command): ChildProcess {
    const log = openSync(join(this.folder, 'server.log'), 'a');
    // In a group of its own: an interrupt typed at a terminal is not the server's.
    const child = spawn(file, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', log, log],
      ...serverUser(this.#engine.users),
    });
    closeSync(log);
    child.unref();
    this.#guard.watch(child.pid ?? null);
    child.once('exit', () => {
      this.#guard.watch(null);
    });
    return child;
  }

  async #answers(server: ChildProcess): Promise<void> {
    const endAt = Date.now() + READY_LIMIT_MS;
    for (;;) {
      if (this.#process !== server) throw new Error(`The ${this.kind} server ended at once:\n${this.#log()}`);
      try {
        await this.#engine.probe(this.url);
        return;
      } catch (error) {
        if (Date.now() > endAt) {
          await this.stop('kill');
          throw new Error(`The ${this.kind} server does not answer:\n${this.#log()}`, { cause: error });
        }
        await sleep(20);
      }
    }
  }

  #log(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8').slice(-4000);
  }
}

/** Waits for a process to end, and keeps this one open meanwhile. */
async function exitOf(child: ChildProcess): Promise<number | null> {
  child.ref();
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const endAt = Date.now() + STOP_LIMIT_MS;
  while (!isSo()) {
    if (Date.now() > endAt) throw new Error(`Waited ${STOP_LIMIT_MS} ms for ${what}`);
    await sleep(5);
  }
}
