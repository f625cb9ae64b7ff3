import {
  RunCancelledError,
  RunFailedError,
  RunLostError,
  RunMissedError,
  RunNotFoundError,
  RunSkippedError,
  RunTimedOutError,
  ShutdownError,
} from '../errors/run-errors.js';
import { InvalidStateError } from '../errors/scheduler-errors.js';
import { assertNever } from '../internal/assert-never.js';
import { Deferred } from '../internal/deferred.js';
import { decodeJson } from '../internal/json-codec.js';
import { decodeError } from '../job/run-error.js';
import type { ResultOptions } from '../job/run-handle.js';
import { isEndStatus } from '../job/run-record.js';
import type { EndStatus, RunRecord } from '../job/run-record.js';
import type { Timer } from '../time/clock.js';
import { setLongTimer } from '../time/long-timer.js';
import type { Environment } from './environment.js';
import { ProgressWatch } from './progress-watch.js';
import type { StoreLink } from './store-link.js';

/** Is a run that has ended, as its record and, where it ran here, the very value that it threw. */
interface EndedRun {
  readonly record: RunRecord;
  readonly thrown?: { readonly value: unknown } | undefined;
}

/** Is the end of a run that somebody waits for. */
interface Awaited {
  readonly end: Deferred<EndedRun | null>;
  /** Is the store that holds it. */
  readonly link: StoreLink;
  /** Counts those who wait for it. */
  count: number;
}

/** Is the moment after all runs of a store that are waited for were looked at. */
interface Pause {
  readonly timer: Timer;
  /** Says whether to look again at its end. */
  isLookWanted: boolean;
}

/** Is how long nobody looks again after all have looked: where others end many runs, each of them is a reason to. */
const LOOK_PAUSE_MS = 100;

/** Holds those who wait for runs to end; they are woken by what this node sees, and look again at times on a shared store. */
export class RunWaiters {
  readonly #env: Environment;
  readonly #waiting = new Map<string, Awaited>();
  readonly #pauses = new Map<StoreLink, Pause>();
  readonly #watches = new Map<string, Set<ProgressWatch>>();

  /** Makes an empty waiting room. */
  constructor(env: Environment) {
    this.#env = env;
  }

  /** Wakes those who wait for a run. */
  ended(record: RunRecord, thrown?: EndedRun['thrown']): void {
    this.#wake(record.id, { record, thrown });
  }

  /** Makes those who wait for a run look at it: another node says that it has ended. */
  look(runId: string): void {
    this.#wake(runId, null);
  }

  /** Tells those who watch a run how far it is, as JSON text; `null`: it is for them to look. */
  progressed(runId: string, progress: string | null): void {
    const watches = this.#watches.get(runId);
    if (watches === undefined) return;
    if (progress === null) this.look(runId);
    else for (const watch of watches) watch.see(progress);
  }

  /** Makes those who wait for runs of a store look at them: they may have ended, or be gone. A moment passes between looks. */
  lookAll(link: StoreLink): void {
    const pause = this.#pauses.get(link);
    if (pause !== undefined) {
      pause.isLookWanted = true;
      return;
    }
    const awaited = [...this.#waiting].filter(([, { link: of }]) => of === link);
    if (awaited.length === 0) return;
    for (const [runId] of awaited) this.look(runId);
    const timer = this.#env.clock.setTimer(() => {
      const isLookWanted = this.#pauses.get(link)?.isLookWanted === true;
      this.#pauses.delete(link);
      if (isLookWanted) this.lookAll(link);
    }, LOOK_PAUSE_MS);
    this.#pauses.set(link, { timer, isLookWanted: false });
  }

  /** Turns away all who wait. */
  shutDown(): void {
    for (const { end } of this.#waiting.values()) end.reject(new ShutdownError());
    this.#waiting.clear();
    for (const { timer } of this.#pauses.values()) timer.cancel();
    this.#pauses.clear();
  }

  /** Turns away those who wait for runs of a store that the scheduler has no longer. */
  forget(link: StoreLink): void {
    this.#pauses.get(link)?.timer.cancel();
    this.#pauses.delete(link);
    for (const [runId, { end, link: of }] of this.#waiting) {
      if (of !== link) continue;
      this.#waiting.delete(runId);
      end.reject(
        new InvalidStateError(`The store "${link.name}" was removed: nobody tells of run "${runId}".`),
      );
    }
  }

  /** Waits for a run's end and gives its result, or throws why there is none. */
  async result(link: StoreLink, runId: string, options: ResultOptions = {}): Promise<unknown> {
    const { signal, onProgress } = options;
    if (onProgress === undefined) return this.#result(link, runId, signal, null);
    const watch = new ProgressWatch(onProgress, this.#env.logger);
    const watches = this.#watches.get(runId) ?? new Set();
    this.#watches.set(runId, watches.add(watch));
    try {
      return await this.#result(link, runId, signal, watch);
    } finally {
      watches.delete(watch);
      if (watches.size === 0 && this.#watches.get(runId) === watches) this.#watches.delete(runId);
    }
  }

  async #result(
    link: StoreLink,
    runId: string,
    signal: AbortSignal | undefined,
    watch: ProgressWatch | null,
  ): Promise<unknown> {
    for (;;) {
      signal?.throwIfAborted();
      const awaited = this.#join(runId, link);
      try {
        // The run may have ended before we joined: its record tells.
        const record = await link.call((store) => store.getRun(runId));
        if (record === null) throw new RunNotFoundError(runId);
        watch?.see(record.progress);
        if (isEndStatus(record.status)) return outcomeOf({ record });
        const ended = await this.#wait(link, awaited.end, signal);
        if (ended !== null) return outcomeOf(ended);
      } finally {
        this.#part(runId, awaited);
      }
    }
  }

  #join(runId: string, link: StoreLink): Awaited {
    let awaited = this.#waiting.get(runId);
    if (awaited === undefined) {
      awaited = { end: new Deferred(), link, count: 0 };
      awaited.end.promise.catch(() => undefined);
      this.#waiting.set(runId, awaited);
    }
    awaited.count++;
    return awaited;
  }

  #part(runId: string, awaited: Awaited): void {
    awaited.count--;
    if (awaited.count === 0 && this.#waiting.get(runId) === awaited) this.#waiting.delete(runId);
  }

  #wake(runId: string, ended: EndedRun | null): void {
    const awaited = this.#waiting.get(runId);
    if (awaited === undefined) return;
    this.#waiting.delete(runId);
    awaited.end.resolve(ended);
  }

  async #wait(
    link: StoreLink,
    end: Deferred<EndedRun | null>,
    signal: AbortSignal | undefined,
  ): Promise<EndedRun | null> {
    const other = new Deferred<null>();
    const onAbort = (): void => {
      other.reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    // It may have been aborted while the run was looked at.
    if (signal?.aborted === true) onAbort();
    const backstop = link.store.capabilities.shared
      ? setLongTimer(
          this.#env.clock,
          () => {
            other.resolve(null);
          },
          this.#env.options.backstopMs,
        )
      : null;
    try {
      return await Promise.race([end.promise, other.promise]);
    } finally {
      backstop?.cancel();
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function outcomeOf({ record, thrown }: EndedRun): unknown {
  if (record.status === 'succeeded') return decodeJson(record.result);
  // Never wrapped where it is at hand: callers branch on what their own task threw.
  throw thrown === undefined
    ? reasonOf(record, record.status as Exclude<EndStatus, 'succeeded'>)
    : thrown.value;
}

function reasonOf(record: RunRecord, status: Exclude<EndStatus, 'succeeded'>): Error {
  switch (status) {
    case 'failed':
      return failureOf(record);
    case 'cancelled':
      return new RunCancelledError(record.id);
    case 'missed':
      return new RunMissedError(record.id);
    case 'lost':
      return new RunLostError(record.id);
    case 'skipped':
      return new RunSkippedError(record.id);
    default:
      return assertNever(status);
  }
}

function failureOf(record: RunRecord): Error {
  const error = decodeError(record.error);
  if (error?.code === 'ESC_RUN_TIMED_OUT') return new RunTimedOutError(record.id, null);
  return new RunFailedError(record.id, error);
}
