import { StoreTimedOutError } from '../../../errors/store-errors.js';
import { Deferred } from '../../../internal/deferred.js';
import { setLongTimer, settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import { nextTurn } from '../../../time/turns.js';
import type { ClientSource } from './client-source.js';
import { redacted } from './redact-error.js';
import type { RedisClientLike } from './redis-like.js';

/** Is the socket of a client, which does not have one at all times. */
interface SocketLike {
  readonly writable?: boolean;
  unref?(): unknown;
  destroy?(): unknown;
}

/** Is what a {@link RedisLink} is made from. */
export interface RedisLinkOptions {
  /** Makes its client. */
  readonly source: ClientSource;
  /** Is how long connecting may take, and each command, in milliseconds. */
  readonly limitMs: number;
  /** Hears of what is published. */
  readonly onMessage: (channel: string, payload: string) => void;
  /** Is called at most once, when the connection is gone though nobody closed it. */
  readonly onLost: (error: unknown) => void;
}

/** Tells that a server is not what it was: a replica now, or a node that does not serve the key any more. */
const DEMOTED = /^(?:READONLY|MOVED|CLUSTERDOWN|MASTERDOWN|UNBLOCKED|ERR .*-READONLY) /;

/**
 * Is one connection to a server. A command is sent on it once, or not at all; one that gets no answer in time ends the
 * connection, and all that were sent on it are rejected.
 *
 * States: made → open → lost, for good.
 *
 * Its limits are real time, whatever clock the scheduler has: so is what they wait for.
 */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #calls = new Set<Deferred<unknown>>();
  #client: RedisClientLike | null = null;
  #isOpen = false;
  #loss: { readonly error: unknown } | null = null;

  /** Makes a link that is not connected. */
  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  /** Connects, and rejects if the server is not there, or does not take commands. */
  async open(): Promise<void> {
    const { limitMs } = this.#options;
    const opening = this.#connect();
    if (!(await settlesWithin(systemClock, opening, limitMs))) {
      this.drop(new StoreTimedOutError('connection', limitMs));
    }
    this.assertUp();
    try {
      await opening;
    } catch (error) {
      this.drop(error);
      throw error;
    }
    this.#isOpen = true;
    // What holds the process open is whoever waits for an answer.
    this.#socket?.unref?.();
  }

  /** Tells whether a command can be sent; a connection that has ended and has not said so yet is dropped. */
  isUsable(): boolean {
    if (this.#loss === null && this.#socket?.writable === false) this.drop(closedByServer());
    return this.#loss === null;
  }

  /** Throws the reason why the connection was lost, if it was. */
  assertUp(): void {
    if (this.#loss !== null) throw this.#loss.error;
  }

  /**
   * Sends a command.
   *
   * @param limitMs - how long it may take
   */
  async send(
    command: string,
    args: readonly string[],
    limitMs: number = this.#options.limitMs,
  ): Promise<unknown> {
    this.assertUp();
    const answer = new Deferred<unknown>();
    this.#calls.add(answer);
    const timer = setLongTimer(systemClock, () => void this.#expire(answer, limitMs), limitMs);
    try {
      this.#client
        ?.call(command, [...args])
        .then(answer.resolve, (error: unknown) => answer.reject(redacted(error)));
      return await answer.promise;
    } catch (error) {
      if (error instanceof Error && DEMOTED.test(error.message)) this.drop(error);
      throw error;
    } finally {
      timer.cancel();
      this.#calls.delete(answer);
    }
  }

  /** Ends the connection for a reason, with which whatever was sent and has no answer is rejected. */
  drop(error: unknown): void {
    if (this.#loss !== null) return;
    this.#loss = { error };
    for (const answer of this.#calls) answer.reject(error);
    this.#close();
    if (this.#isOpen) this.#options.onLost(error);
  }

  async #connect(): Promise<void> {
    const client = await this.#options.source();
    this.#client = client;
    client.on('error', (error) => this.drop(redacted(error)));
    client.on('end', () => this.drop(closedByServer()));
    client.on('message', this.#options.onMessage);
    if (this.#loss !== null) {
      this.#close();
      return;
    }
    try {
      await client.connect();
      await this.#greet();
    } catch (error) {
      // What ioredis rejects with is less than what it told before.
      this.assertUp();
      throw redacted(error);
    }
  }

  /** Makes sure that commands are taken: the server may want a password, or be loading its data. */
  async #greet(): Promise<void> {
    try {
      await this.send('ping', []);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOPERM'))) throw error;
    }
  }

  async #expire(answer: Deferred<unknown>, limitMs: number): Promise<void> {
    // After a stall of the process, what has arrived is still to be read.
    await nextTurn();
    await nextTurn();
    if (this.#calls.has(answer)) this.drop(new StoreTimedOutError('answer', limitMs));
  }

  #close(): void {
    // Its socket, if the other end is gone without a word, would never end by itself.
    const socket = this.#socket;
    this.#client?.disconnect();
    socket?.destroy?.();
  }

  get #socket(): SocketLike | null | undefined {
    return (this.#client as { stream?: SocketLike | null } | null)?.stream;
  }
}

function closedByServer(): Error {
  return new Error('The connection to Redis was closed by the server.');
}
