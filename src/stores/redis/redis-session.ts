import { StoreNewerError } from '../../errors/store-errors.js';
import type { StoreDamagedError } from '../../errors/store-errors.js';
import { BEGIN } from './lua/begin.js';
import type { RedisConnection, RedisScript } from './connection/redis-connection.js';
import { readDamage } from './read-damage.js';
import type { ScriptArg } from './script-args.js';

/** Is the version of the keyspace that this version of the library writes, and the newest that it uses. */
const KEYSPACE_FORMAT = 1;

/** Is how often a call is made again because the store was emptied before it. */
const MAX_RESETS = 5;

/** Is what a script that moves jobs and runs replies. */
type MovingReply = [reply: unknown, damages: string[]];

/** Is what a {@link RedisSession} needs to know. */
export interface RedisSessionContext {
  /** Is the one key that scripts are given. */
  readonly key: string;
  /** Is the channel on which hints travel. */
  readonly channel: string;
  /** Names this instance of the store. */
  readonly instance: string;
  /** Gives an epoch that nobody else would choose. */
  readonly newEpoch: () => string;
  /** Is the epoch that was known when the store was last open; `null`: it never was. */
  readonly lastEpoch: string | null;
  /** Is called when the store was emptied, and has begun anew. */
  readonly onReset: () => void;
  /** Is called with the keys that a script has passed over because they are of another type than they should be. */
  readonly onDamage: (damages: readonly string[]) => void;
}

/**
 * Runs scripts in an epoch of the store.
 *
 * An epoch begins with the first node that opens a store, and ends when the server loses its data. The next call finds
 * that out; of those that do, one begins the next epoch, and each makes its call again.
 */
export class RedisSession {
  readonly #connection: RedisConnection;
  readonly #context: RedisSessionContext;
  #epoch: string | null;
  #beginning: Promise<void> | null = null;

  /** Makes a session that has to {@link begin} before it is used. */
  constructor(connection: RedisConnection, context: RedisSessionContext) {
    this.#connection = connection;
    this.#context = context;
    this.#epoch = context.lastEpoch;
  }

  /** Is the epoch that the session is in. */
  get epoch(): string | null {
    return this.#epoch;
  }

  /**
   * Joins the store's epoch, or begins one.
   *
   * @throws `StoreNewerError` when what is there was written by a newer version of the library
   */
  begin(): Promise<void> {
    this.#beginning ??= this.#begin().finally(() => {
      this.#beginning = null;
    });
    return this.#beginning;
  }

  /** Runs a script, in the next epoch if this one has ended. */
  async run(script: RedisScript, args: readonly ScriptArg[]): Promise<unknown> {
    const { key, channel, instance } = this.#context;
    for (let resets = 0; ; resets++) {
      const epoch = this.#epoch;
      try {
        const reply = await this.#send(script, key, [epoch ?? '', instance, channel, ...args]);
        return script.isWriting ? this.#unwrap(reply as MovingReply) : reply;
      } catch (error) {
        if (!isReset(error) || resets === MAX_RESETS) throw error;
        if (this.#epoch === epoch) await this.begin();
      }
    }
  }

  /** Looks whether the store has begun an epoch that was heard of: other databases of the server share the channel. */
  async heardOf(epoch: string): Promise<void> {
    if (epoch !== this.#epoch) await this.begin();
  }

  #unwrap([reply, damages]: MovingReply): unknown {
    if (damages.length > 0) this.#context.onDamage(damages);
    return reply;
  }

  async #begin(): Promise<void> {
    const { key, channel, instance, newEpoch } = this.#context;
    const reply = await this.#send(BEGIN, key, [newEpoch(), instance, channel, KEYSPACE_FORMAT]);
    const [epoch, format] = reply as [string, string | null];
    if (Number(format) > KEYSPACE_FORMAT) throw new StoreNewerError(Number(format), KEYSPACE_FORMAT);
    const ended = this.#epoch;
    this.#epoch = epoch;
    if (ended !== null && ended !== epoch) this.#context.onReset();
  }

  async #send(script: RedisScript, key: string, args: readonly ScriptArg[]): Promise<unknown> {
    try {
      return await this.#connection.run(script, key, args);
    } catch (error) {
      throw damageOf(error) ?? error;
    }
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && error.message.includes('ESCAPEMENT_RESET');
}

/** Gives the error that says which key has a type that is not ours; `null`: it is another error. */
function damageOf(error: unknown): StoreDamagedError | null {
  if (!(error instanceof Error)) return null;
  const [, damage] = /ESCAPEMENT_DAMAGED (\S+ \S+ "(?:[^"\\]|\\.)*")/u.exec(error.message) ?? [];
  return damage === undefined ? null : readDamage(damage, { cause: error });
}
