import { settlesWithin } from '../../../time/long-timer.js';
import { systemClock } from '../../../time/system-clock.js';
import type {
  PgClientClass,
  PgClientLike,
  PgOwnClientLike,
  PgPoolClientLike,
  PgPoolLike,
} from './pg-pool-like.js';

/** Is a client to listen with, which is used for nothing else. */
export interface ListenClient {
  /** Connects; once. */
  connect(): Promise<PgClientLike>;
  /** Lets the process end from now on: what holds it open is the scheduler. */
  rest(): void;
  /** Closes it, at whatever point it is; never rejects. */
  discard(): Promise<void>;
}

/** Is how long a client may take to say goodbye. */
const GOODBYE_MS = 1000;

/**
 * Makes a client like those of a pool, so that it takes no place in the pool. From a pool that does not say how it makes
 * its clients, one is taken and held.
 */
export function makeListenClient(pool: PgPoolLike): ListenClient {
  const { Client, options } = pool as { Client?: PgClientClass; options?: object };
  return typeof Client === 'function' && typeof options === 'object'
    ? ownClient(() => new Client(options))
    : heldClient(pool);
}

function ownClient(make: () => PgOwnClientLike): ListenClient {
  let made: PgOwnClientLike | null = null;
  return {
    async connect() {
      made = make();
      made.on('error', ignore);
      await made.connect();
      return made;
    },
    rest() {
      made?.unref?.();
    },
    async discard() {
      if (made === null) return;
      // A socket whose other end is gone without a word never ends by itself, nor does one that still connects.
      if (await settlesWithin(systemClock, made.end(), GOODBYE_MS)) return;
      made.connection?.stream?.destroy?.();
    },
  };
}

function heldClient(pool: PgPoolLike): ListenClient {
  let taken: Promise<PgPoolClientLike> | null = null;
  return {
    async connect() {
      taken = pool.connect();
      const client = await taken;
      client.on('error', ignore);
      return client;
    },
    rest() {},
    async discard() {
      taken?.then((client) => client.release(true)).catch(ignore);
      taken = null;
    },
  };
}

function ignore(): void {
  // Whoever listens hears of the end of the connection.
}
