import { EventEmitter } from 'node:events';
import { LeaseLostError, ShutdownError } from '../../errors/run-errors.js';
import { assertNever } from '../../internal/assert-never.js';
import { Deferred } from '../../internal/deferred.js';
import { decodeJson } from '../../internal/json-codec.js';
import type { RunContext } from '../../job/run-context.js';
import type { TaskModule } from '../../job/task-module.js';
import type { Timer } from '../../time/clock.js';
import type { RunAnswer, RunOrder, RunWord } from './messages.js';
import { pack, unpack } from './parcel.js';

/** A scheduler that shuts down gives its handlers one second to settle; a run whose thread is ended before is handed back. */
const SHUTDOWN_TERM_MS = 750;
/** A node gives its runs up five seconds before others may take them. */
const LEASE_LOST_TERM_MS = 4000;

/** Is a run that a thread of this pool executes, as the host sees it. */
export class HostedRun {
  /** Tells the attempts of a pool apart. */
  readonly number: number;
  /** Names the task. */
  readonly task: string;
  /** Is the context of the host, to which all that the handler says comes back. */
  readonly context: RunContext<never>;
  /** Has piscina end the run's thread, by its event `abort`. */
  readonly ender: EventEmitter = new EventEmitter();
  /** Ends the thread after the signal's abort. */
  timer: Timer | null = null;
  /** Settles when the thread has ended that the run was in; `null`: it was not ended. */
  ended: Promise<unknown> | null = null;
  /** Is why there was no thread for it, if that is known. */
  failure: unknown = undefined;
  #heard = 0;
  #expected = Infinity;
  #heardAll: Deferred<void> | null = null;

  /** Makes a run that is not sent yet. */
  constructor(number: number, task: string, context: RunContext<never>) {
    this.number = number;
    this.task = task;
    this.context = context;
  }

  /** Makes the message that has a thread execute the run. */
  order(module: TaskModule): RunOrder {
    const { context, number, task } = this;
    const { data, job, runId, scheduledAt, startedAt, attempt, fencingToken, previous, failure, signal } =
      context;
    return {
      number,
      task,
      module,
      isRevoked: false,
      aborted: signal.aborted ? pack(signal.reason) : null,
      context: {
        data,
        job,
        runId,
        scheduledAt: scheduledAt.getTime(),
        startedAt: startedAt.getTime(),
        attempt,
        fencingToken,
        previous,
        failure,
      },
    };
  }

  /** Says how long the handler may go on after its signal was aborted, of a time that is set. */
  termMs(terminateAfterMs: number): number {
    const { reason } = this.context.signal as { readonly reason: unknown };
    if (reason instanceof ShutdownError) return Math.min(terminateAfterMs, SHUTDOWN_TERM_MS);
    if (reason instanceof LeaseLostError) return Math.min(terminateAfterMs, LEASE_LOST_TERM_MS);
    return terminateAfterMs;
  }

  /** Passes on what the handler says. */
  hear(word: RunWord): void {
    if (word.kind === 'progress') this.context.progress(word.fraction, word.note ?? undefined);
    else this.context.log[word.level](unpackFields(word.fields), word.message);
    this.#heard++;
    if (this.#heard >= this.#expected) this.#heardAll?.resolve();
  }

  /** Gives or throws what the handler gave or threw, once all has been heard that it said before. */
  async settle(answer: RunAnswer): Promise<unknown> {
    if (typeof answer !== 'object' || answer === null) return decodeJson(answer);
    if (this.#heard < answer.said) {
      this.#expected = answer.said;
      this.#heardAll = new Deferred<void>();
      await this.#heardAll.promise;
    }
    switch (answer.kind) {
      case 'result':
        return decodeJson(answer.text);
      case 'unkept':
        this.context.log.warn(
          { err: unpack(answer.why) },
          'The result cannot be kept as JSON; the run has succeeded without',
        );
        return undefined;
      case 'thrown':
        throw unpack(answer.thrown);
      case 'aborted':
        throw this.context.signal.reason;
      default:
        return assertNever(answer);
    }
  }
}

function unpackFields(fields: Extract<RunWord, { kind: 'log' }>['fields']): object {
  return Object.fromEntries(Object.entries(fields).map(([key, parcel]) => [key, unpack(parcel)]));
}
