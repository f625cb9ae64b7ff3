import { guardLogger } from '../../../internal/logger.js';
import type { LogMethod, Logger } from '../../../internal/logger.js';
import type { RunContext, RunJob } from '../../../job/run-context.js';
import type { RunFailure } from '../../../job/run-input.js';
import { checkProgress } from '../../../job/run-progress.js';
import type { RunOrder, RunWord } from '../messages.js';
import type { Parcel } from '../parcel.js';
import { pack } from '../parcel.js';

/** Is the argument of a handler in a worker thread. Its costlier parts are made when they are first asked for. */
export class ThreadRunContext implements RunContext<never> {
  /** Tells the attempts of a pool apart. */
  readonly number: number;
  readonly #given: RunOrder['context'];
  readonly #tell: (word: RunWord) => void;
  #said = 0;
  #aborted: { readonly reason: unknown } | null = null;
  #controller: AbortController | null = null;
  #log: Logger | null = null;

  /** Makes the context of a run. */
  constructor({ number, context }: RunOrder, tell: (word: RunWord) => void) {
    this.number = number;
    this.#given = context;
    this.#tell = tell;
  }

  /** Counts the words that were said of the run. */
  get said(): number {
    return this.#said;
  }

  /** Aborts the signal; the first reason stays. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  /** Tells whether a thrown value is the reason of the signal. */
  isReason(thrown: unknown): boolean {
    return this.#aborted !== null && this.#aborted.reason === thrown;
  }

  get data(): never {
    return this.#given.data as never;
  }

  get job(): RunJob | null {
    return this.#given.job;
  }

  get runId(): string {
    return this.#given.runId;
  }

  get scheduledAt(): Date {
    return new Date(this.#given.scheduledAt);
  }

  get startedAt(): Date {
    return new Date(this.#given.startedAt);
  }

  get attempt(): number {
    return this.#given.attempt;
  }

  get fencingToken(): number {
    return this.#given.fencingToken;
  }

  get previous(): unknown {
    return this.#given.previous;
  }

  get failure(): RunFailure | null {
    return this.#given.failure;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    return this.#controller.signal;
  }

  get log(): Logger {
    this.#log ??= guardLogger({
      debug: this.#method('debug'),
      info: this.#method('info'),
      warn: this.#method('warn'),
      error: this.#method('error'),
    });
    return this.#log;
  }

  /** Works without its object too: `({ progress }) => upload(file, progress)`. */
  get progress(): RunContext['progress'] {
    return (fraction, note) => {
      const kept = checkProgress(fraction, note);
      this.#say({ kind: 'progress', number: this.number, fraction, note: kept });
    };
  }

  #method(level: keyof Logger): LogMethod {
    return (fields, message) => {
      const packed: Record<string, Parcel> = Object.fromEntries(
        Object.entries(fields).map(([key, value]) => [key, pack(value)]),
      );
      this.#say({ kind: 'log', number: this.number, level, fields: packed, message });
    };
  }

  #say(word: RunWord): void {
    this.#tell(word);
    this.#said++;
  }
}
