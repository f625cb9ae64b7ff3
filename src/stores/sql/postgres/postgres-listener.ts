import { StoreTimedOutError } from '../../../errors/store-errors.js';
import { Deferred } from '../../../internal/deferred.js';
import { IdSource } from '../../../internal/ids.js';
import { settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import { nextTurn } from '../../../time/turns.js';
import type { ListenClient } from './listen-client.js';
import type { PgClientLike } from './pg-pool-like.js';

/** Is how long a notification may take to arrive that the server has sent. */
const PROBE_MS = 2000;

/** Is a connection that hears of the notifications on a channel. */
export class PostgresListener {
  readonly #source: ListenClient;
  readonly #channel: string;
  readonly #limitMs: number;
  readonly #onPayload: (payload: string) => void;
  readonly #onLost: (error: unknown) => void;
  #client: PgClientLike | null = null;
  #probe: { readonly channel: string; readonly heard: Deferred<void> } | null = null;
  #isClosed = false;

  /**
   * Makes a listener that is not connected.
   *
   * @param limitMs - how long connecting may take, and each statement
   * @param onLost - is called at most once, when the connection is gone though nobody closed it
   */
  constructor(
    source: ListenClient,
    channel: string,
    limitMs: number,
    onPayload: (payload: string) => void,
    onLost: (error: unknown) => void,
  ) {
    this.#source = source;
    this.#channel = channel;
    this.#limitMs = limitMs;
    this.#onPayload = onPayload;
    this.#onLost = onLost;
  }

  /** Connects and listens. */
  async open(): Promise<void> {
    this.#client = await this.#within(this.#source.connect(), 'connection');
    this.#client.on('notification', this.#hear);
    this.#client.on('error', this.#lose);
    this.#client.on('end', this.#lose);
    await this.#run(`listen ${quote(this.#channel)}`);
  }

  /**
   * Tells whether a notification arrives that another connection sends. Behind a pooler that lends each transaction
   * another server connection, LISTEN succeeds, and nothing is ever heard.
   *
   * @param notify - sends a notification on a channel, by another connection
   */
  async hears(notify: (channel: string) => Promise<unknown>): Promise<boolean> {
    const channel = `escapement_probe_${new IdSource().next()}`;
    const heard = new Deferred<void>();
    this.#probe = { channel, heard };
    await this.#run(`listen ${quote(channel)}`);
    await notify(channel);
    const settled = await settlesWithin(systemClock, heard.promise, PROBE_MS);
    // After a stall of the process, what has arrived is still to be read.
    const isHeard = settled || (await settlesAfterTurn(heard.promise));
    await this.#run(`unlisten ${quote(channel)}`);
    this.#probe = null;
    this.#source.rest();
    return isHeard;
  }

  /** Makes sure that the connection answers; rejects if it does not. */
  async check(): Promise<void> {
    await this.#run('select 1');
  }

  /** Closes the connection; never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#source.discard();
  }

  async #run(text: string): Promise<void> {
    if (this.#client !== null) await this.#within(this.#client.query({ text }), 'answer');
  }

  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    if (await settlesWithin(systemClock, promise, this.#limitMs)) return promise;
    throw new StoreTimedOutError(what, this.#limitMs);
  }

  readonly #hear = ({ channel, payload = '' }: { channel: string; payload?: string }): void => {
    if (this.#isClosed) return;
    if (channel === this.#probe?.channel) this.#probe.heard.resolve();
    else if (channel === this.#channel) this.#onPayload(payload);
  };

  readonly #lose = (error: unknown): void => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onLost(error);
  };
}

async function settlesAfterTurn(promise: Promise<unknown>): Promise<boolean> {
  await nextTurn();
  await nextTurn();
  return settlesWithin(systemClock, promise, 0);
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
