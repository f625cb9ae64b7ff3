import { DEFAULT_MAX_DATA_BYTES, encodeJson } from '../../../internal/json-codec.js';
import { importTaskFunction } from '../../../job/task-module.js';
import type { AbortedRuns, RunAnswer, RunOrder, RunWord } from '../messages.js';
import { pack, unpack } from '../parcel.js';
import { ThreadRunContext } from './thread-run-context.js';

type TaskFunction = Awaited<ReturnType<typeof importTaskFunction>>;

/** Is a worker thread's inside: it executes one run after another, each with a context like that of the host. */
export class TaskThread {
  readonly #say: (word: RunWord) => void;
  readonly #functions = new Map<string, TaskFunction>();
  #aborted: AbortedRuns = new Map();
  #current: ThreadRunContext | null = null;

  /**
   * Makes it.
   *
   * @param say - tells the host what a handler logs, and of its progress
   */
  constructor(say: (word: RunWord) => void) {
    this.#say = say;
  }

  /** Hears which runs are aborted: always all of them, so that it does not matter whether the run or the word comes first. */
  readonly onAborted = (aborted: AbortedRuns): void => {
    this.#aborted = aborted;
    if (this.#current !== null) this.#abort(this.#current);
  };

  /** Executes a run; it always gives an answer. */
  async execute(order: RunOrder): Promise<RunAnswer> {
    if (order.isRevoked) return null;
    const context = new ThreadRunContext(order, this.#say);
    this.#current = context;
    if (order.aborted !== null) context.abort(unpack(order.aborted));
    this.#abort(context);
    try {
      const handler = this.#functions.get(keyOf(order)) ?? (await this.#import(order));
      return answerOf(await handler(context), context);
    } catch (error) {
      if (context.isReason(error)) return { kind: 'aborted', said: context.said };
      return { kind: 'thrown', thrown: pack(error), said: context.said };
    } finally {
      this.#current = null;
    }
  }

  #abort(context: ThreadRunContext): void {
    const reason = this.#aborted.get(context.number);
    if (reason !== undefined) context.abort(unpack(reason));
  }

  async #import(order: RunOrder): Promise<TaskFunction> {
    const found = await importTaskFunction(order.task, order.module);
    this.#functions.set(keyOf(order), found);
    return found;
  }
}

function keyOf({ module }: RunOrder): string {
  return `${module.url}\n${module.export}`;
}

function answerOf(value: unknown, context: ThreadRunContext): RunAnswer {
  try {
    const text = encodeJson(value, 'result', DEFAULT_MAX_DATA_BYTES);
    return context.said === 0 ? text : { kind: 'result', text, said: context.said };
  } catch (error) {
    // Not an `InvalidDataError` alone: a result may have getters, or a `toJSON`, that throw themselves.
    return { kind: 'unkept', why: pack(error), said: context.said };
  }
}
