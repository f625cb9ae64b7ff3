import type { RunHint, StoreHint } from '../job-store.js';
import type { Database } from './database.js';

/** Is a hint as it travels: with the store instance that sent it, which does not need to hear it. */
interface SentHint {
  readonly from: string;
  readonly hints: readonly StoreHint[];
}

/** Is how many runs to cancel, or with progress, one notification names: its text is limited to 8,000 bytes. */
const MAX_RUNS = 100;
/** Is how many ended runs it names; of more it is told that there are some, and whoever waits for one looks. */
const MAX_ENDED = 20;

/**
 * Tells other nodes of changes: after they are committed, those that come together in one notification, one at a time.
 * Nobody waits for it, and a failure is not told: nodes look for themselves at times.
 */
export class HintSender {
  readonly #db: Database;
  readonly #channel: string;
  readonly #from: string;
  #workAt: number | null | undefined = undefined;
  readonly #cancelled = new Set<string>();
  readonly #progressed = new Set<string>();
  readonly #ended = new Set<string>();
  #sending: Promise<void> | null = null;

  /** Makes a sender for a channel; `from` names this instance of the store. */
  constructor(db: Database, channel: string, from: string) {
    this.#db = db;
    this.#channel = channel;
    this.#from = from;
  }

  /** Tells that there is work at an instant; `null`: at once. */
  work(at: number | null): void {
    const before = this.#workAt;
    this.#workAt = at === null || before === null ? null : Math.min(at, before ?? Infinity);
    this.#send();
  }

  /** Tells the owner of a run that it is to be cancelled. */
  cancel(runId: string): void {
    this.#cancelled.add(runId);
    this.#send();
  }

  /** Tells that a run has told how far it is. */
  progress(runId: string): void {
    this.#progressed.add(runId);
    this.#send();
  }

  /** Tells that a run has ended. */
  ended(runId: string): void {
    this.#ended.add(runId);
    this.#send();
  }

  /** Waits until all that was told is sent. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  #send(): void {
    this.#sending ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // What is told in the same breath goes along.
    await Promise.resolve();
    for (let hints = this.#take(); hints.length > 0; hints = this.#take()) {
      const sent: SentHint = { from: this.#from, hints };
      try {
        await this.#db.dialect.notify(this.#channel, JSON.stringify(sent))?.execute(this.#db.session);
      } catch {
        // A hint that is lost costs time, and nothing else.
      }
    }
    // In the same step as the last look: what is told in between would wait for the next hint.
    this.#sending = null;
  }

  #take(): StoreHint[] {
    const cancelled = takeFirst(this.#cancelled, MAX_RUNS);
    const progressed = takeFirst(this.#progressed, MAX_RUNS - cancelled.length);
    const hints: StoreHint[] = [
      ...cancelled.map((runId) => ({ kind: 'cancel', runId }) as const),
      ...progressed.map((runId) => ({ kind: 'progress', runId }) as const),
    ];
    if (this.#workAt !== undefined) hints.push({ kind: 'work', at: this.#workAt });
    this.#workAt = undefined;
    hints.push(...this.#takeEnded());
    return hints;
  }

  /** Names the runs that have ended, unless they are too many to be named. */
  #takeEnded(): StoreHint[] {
    const ended = [...this.#ended];
    this.#ended.clear();
    if (ended.length > MAX_ENDED) return [{ kind: 'runs-ended' }];
    return ended.map((runId) => ({ kind: 'ended', runId }));
  }
}

/** Takes the first of some ids out. */
function takeFirst(ids: Set<string>, limit: number): string[] {
  const taken = [...ids].slice(0, limit);
  for (const id of taken) ids.delete(id);
  return taken;
}

/** Reads what another instance sent; what is ours, or not to be understood, comes to nothing. */
export function readHints(payload: string, ours: string): readonly StoreHint[] {
  try {
    const { from, hints } = JSON.parse(payload) as SentHint;
    return from === ours || !Array.isArray(hints) ? [] : hints.filter(isHint);
  } catch {
    return [];
  }
}

const OF_RUNS: ReadonlySet<unknown> = new Set<RunHint['kind']>(['cancel', 'progress', 'ended']);

function isHint(value: unknown): value is StoreHint {
  const hint = value as Partial<Record<'kind' | 'at' | 'runId', unknown>> | null;
  if (hint?.kind === 'work') return hint.at === null || typeof hint.at === 'number';
  if (hint?.kind === 'runs-ended') return true;
  return OF_RUNS.has(hint?.kind) && typeof hint?.runId === 'string';
}
