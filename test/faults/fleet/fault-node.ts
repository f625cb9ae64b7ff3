import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryWriter } from '../history/history-writer.js';
import type { ProcessEntry } from '../history/entries.js';
import { within } from '../../support/within.js';
import type { NodeAnswer, NodeRequest } from '../nodes/node-config.js';

const READY_LIMIT_MS = 30_000;
const ANSWER_LIMIT_MS = 60_000;
const EXIT_LIMIT_MS = 30_000;

/** Is a node that failed to do what it was asked; `code` is that of the scheduler's error. */
class NodeCallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Is what the process is given, and hands to its program: at the least these. */
interface ProcessConfig {
  /** Names the process in the history. */
  readonly name: string;
  /** Is where the history is kept. */
  readonly folder: string;
}

/**
 * Is a node, or a worker of a queue, in a process of its own, as the runner sees it.
 *
 * States: `starting` → `ready` ⇄ `frozen`; all → `gone`.
 */
export class FaultNode {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #history: HistoryWriter;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #ready: Promise<void>;
  readonly #gone: Promise<void>;
  #requests = 0;
  #isReady = false;
  #isGone = false;

  /** Spawns the process. */
  constructor(program: string, config: ProcessConfig, history: HistoryWriter) {
    this.name = config.name;
    this.#history = history;
    const log = openSync(join(config.folder, `${config.name}.log`), 'a');
    this.#child = fork(program, [JSON.stringify(config)], {
      execArgv: ['--enable-source-maps'],
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#note('spawned', String(this.#child.pid));
    this.#gone = once(this.#child, 'exit').then(([code, signal]) => {
      this.#isGone = true;
      this.#note('exited', String(signal ?? code));
      for (const { reject } of this.#pending.values()) reject(new Error(`${this.name} is gone`));
    });
    this.#ready = new Promise((resolve) => {
      this.#child.on('message', (answer: NodeAnswer) => {
        if (answer.kind === 'ready') {
          this.#isReady = true;
          this.#note('ready');
          resolve();
        } else this.#settle(answer);
      });
    });
    // A message to a process that is about to be gone fails, and its answer is waited for in vain or not at all.
    this.#child.on('error', () => {});
  }

  /** Says whether the process has ended. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Says whether the node fires, or the worker takes runs, so that it has something to lose. */
  get isReady(): boolean {
    return this.#isReady && !this.#isGone;
  }

  /** Is the process's id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until the node fires, or the worker takes runs. */
  async ready(limitMs = READY_LIMIT_MS): Promise<void> {
    const gone = this.#gone.then(() => {
      throw new Error(`${this.name} ended before it was ready`);
    });
    await within(Promise.race([this.#ready, gone]), `${this.name} to be ready`, limitMs);
  }

  /** Waits until the process has ended. */
  async gone(limitMs = EXIT_LIMIT_MS): Promise<void> {
    await within(this.#gone, `${this.name} to end`, limitMs);
  }

  /**
   * Calls a method of the node's scheduler.
   *
   * @throws {@link NodeCallError} when that throws
   */
  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.callTimes(1, method, ...args);
  }

  /** Calls a method a number of times, one after another, and gives the last answer. */
  async callTimes(times: number, method: string, ...args: readonly unknown[]): Promise<unknown> {
    if (this.#isGone) throw new Error(`${this.name} is gone`);
    const request: NodeRequest = { id: ++this.#requests, method, args, times };
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(request.id, { resolve, reject });
    });
    this.#child.send(request);
    return within(answer, `${this.name} to answer ${method}`, ANSWER_LIMIT_MS);
  }

  /** Ends the process at once. */
  async kill(): Promise<void> {
    if (this.#isGone) return;
    this.#note('killed');
    this.#child.kill('SIGKILL');
    await this.gone();
  }

  /** Stops the process in its tracks. */
  freeze(): void {
    this.#note('stopped');
    this.#child.kill('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    this.#note('continued');
    this.#child.kill('SIGCONT');
  }

  /** Shuts it down in order, and gives what is under way some time. */
  async shutdown(timeoutMs = 5000): Promise<void> {
    if (this.#isGone) return;
    await this.call('shutdown', { timeout: timeoutMs });
    await this.gone();
  }

  #settle(answer: Exclude<NodeAnswer, { kind: 'ready' }>): void {
    const waiting = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.kind === 'done') waiting?.resolve(answer.value);
    else waiting?.reject(new NodeCallError(answer.code, answer.message));
  }

  #note(what: ProcessEntry['what'], detail: string | null = null): void {
    this.#history.write({ kind: 'process', target: this.name, what, detail });
  }
}
