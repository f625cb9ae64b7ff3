import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { InvalidDataError } from '../../errors/input-errors.js';
import { ShutdownError, ThreadDiedError } from '../../errors/run-errors.js';
import type { RunContext } from '../../job/run-context.js';
import type { TaskModule } from '../../job/task-module.js';
import { setLongTimer, settlesWithin } from '../../time/long-timer.js';
import { MAX_TIMER_MS } from '../../time/system-clock.js';
import type { ExecutorContext } from '../executor.js';
import { HostedRun } from './hosted-run.js';
import { unmark } from './messages.js';
import type { RunAnswer } from './messages.js';
import { pack } from './parcel.js';
import type { Parcel } from './parcel.js';
import type { Piscina, PiscinaConstructor } from './piscina.js';
import type { ResolvedWorkerThreadOptions } from './worker-thread-options.js';

/** Is the threads' program: beside this file, and compiled or not as this one is. */
const PROGRAM = new URL(`./thread/thread-main${extname(import.meta.url)}`, import.meta.url);

/** Is how long threads may take to end; one that is inside native code ends when it comes out of it. */
const END_GRACE_MS = 2000;

/**
 * Executes runs in a pool of threads, at most one in each, and ends the thread of one that does not heed its signal.
 *
 * States: `open` → `closed`. The runs of a closed pool have all been ended.
 */
export class ThreadPool {
  readonly #options: ResolvedWorkerThreadOptions;
  readonly #context: ExecutorContext;
  readonly #piscina: Piscina;
  readonly #runs = new Map<number, HostedRun>();
  readonly #aborted = new Map<number, Parcel>();
  readonly #ports = new Set<MessagePort>();
  #last = 0;
  #isOpen = true;
  #lastFailure: unknown = undefined;

  /** Makes a pool without threads; they are made as runs come. */
  constructor(
    constructor: PiscinaConstructor,
    options: ResolvedWorkerThreadOptions,
    context: ExecutorContext,
  ) {
    this.#options = options;
    this.#context = context;
    const { threads, idleTimeoutMs, resourceLimits, execArgv } = options;
    this.#piscina = new constructor({
      filename: fileURLToPath(PROGRAM),
      name: 'execute',
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: idleTimeoutMs > MAX_TIMER_MS ? Infinity : idleTimeoutMs,
      // Otherwise timers, sockets and rejections that a handler left behind stand still until the thread's next run.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits,
      ...(execArgv !== null && { execArgv: [...execArgv] }),
    });
    this.#piscina.on('message', this.#onMessage);
    this.#piscina.on('error', this.#onFailure);
    this.#piscina.on('workerDestroy', this.#onThreadGone);
  }

  /** Executes a run, and settles as its handler does, or when its thread has ended. */
  async run(task: string, module: TaskModule, context: RunContext<never>): Promise<unknown> {
    const run = new HostedRun(++this.#last, task, context);
    const { signal } = context;
    this.#runs.set(run.number, run);
    // It is never taken off again, which costs more than it: the signal is the run's own, and goes with it.
    signal.addEventListener('abort', () => {
      if (this.#runs.has(run.number)) this.#abort(run);
    });
    try {
      if (signal.aborted) this.#setEnd(run);
      const answer = await this.#send(run, module);
      run.timer?.cancel();
      return await run.settle(answer);
    } finally {
      run.timer?.cancel();
      this.#runs.delete(run.number);
      this.#aborted.delete(run.number);
    }
  }

  /** Ends all threads, and with them all runs. */
  async close(): Promise<void> {
    this.#isOpen = false;
    for (const run of this.#runs.values()) this.#end(run);
    const ended = [...this.#runs.values()].map((run) => run.ended);
    // Not by `destroy`: what piscina keeps of runs that it could not make a thread for would be rejected, unheard.
    const idle = this.#piscina.threads.map((thread) => thread.terminate());
    if (await settlesWithin(this.#context.clock, Promise.all([...ended, ...idle]), END_GRACE_MS)) return;
    this.#context.logger.warn({}, 'Worker threads that are inside native code have not ended yet');
  }

  async #send(run: HostedRun, module: TaskModule): Promise<RunAnswer> {
    const order = run.order(module);
    let answer: Promise<unknown>;
    try {
      answer = this.#piscina.run(order, { signal: run.ender });
    } catch (error) {
      order.isRevoked = true;
      throw new ThreadDiedError(run.context.runId, run.task, error);
    }
    try {
      return (await answer) as RunAnswer;
    } catch (error) {
      await run.ended;
      throw this.#whyEnded(run, error);
    }
  }

  /** Gives the error of a run whose thread gave no answer. */
  #whyEnded({ context, ended, task, failure }: HostedRun, error: unknown): unknown {
    const { signal, runId } = context;
    if (ended !== null) return signal.aborted ? (signal.reason as unknown) : new ShutdownError();
    if (error instanceof Error && error.name === 'DataCloneError') {
      const message = `The data of task "${task}" cannot be sent to a worker thread: ${error.message}`;
      return new InvalidDataError('data', message, { cause: error });
    }
    return new ThreadDiedError(runId, task, failure ?? error);
  }

  #abort(run: HostedRun): void {
    this.#aborted.set(run.number, pack(run.context.signal.reason));
    for (const port of this.#ports) port.postMessage(this.#aborted);
    this.#setEnd(run);
  }

  /** Ends the run's thread unless its handler settles in time. */
  #setEnd(run: HostedRun): void {
    const termMs = run.termMs(this.#options.terminateAfterMs);
    run.timer = setLongTimer(
      this.#context.clock,
      () => {
        run.context.log.warn(
          { termMs },
          'The handler ignores its aborted signal; its worker thread is ended',
        );
        this.#end(run);
      },
      termMs,
    );
  }

  /** Has piscina end the run's thread, and follows that thread to its end: the handler may be inside native code. */
  #end(run: HostedRun): void {
    if (run.ended !== null) return;
    const before = this.#piscina.threads;
    run.ender.emit('abort');
    const left = new Set(this.#piscina.threads);
    const gone = before.filter((thread) => !left.has(thread));
    run.ended = Promise.all(gone.map((thread) => thread.terminate()));
  }

  readonly #onMessage = (message: unknown): void => {
    const word = unmark(message);
    if (word === null) return;
    if (word.kind === 'greeting') this.#welcome(word.port as MessagePort);
    else this.#runs.get(word.number)?.hear(word);
  };

  #welcome(port: MessagePort): void {
    this.#ports.add(port);
    port.on('close', () => {
      this.#ports.delete(port);
    });
    port.unref();
    if (this.#aborted.size > 0) port.postMessage(this.#aborted);
  }

  /** Hears of what went wrong in a thread that had no run: an error left uncaught after one, or at its start. */
  readonly #onFailure = (error: unknown): void => {
    this.#lastFailure = error;
    if (this.#isOpen) this.#context.logger.warn({ err: error }, 'A worker thread without a run has failed');
  };

  /** Ends the runs that wait for a thread when none is left: piscina makes one for the next run only, and does not try again. */
  readonly #onThreadGone = (): void => {
    queueMicrotask(() => {
      if (!this.#isOpen || this.#piscina.threads.length > 0) return;
      for (const run of this.#runs.values()) {
        if (run.ended !== null) continue;
        run.failure = this.#lastFailure;
        run.ender.emit('abort');
      }
      this.#lastFailure = undefined;
    });
  };
}
