import type { KnownRecords } from './known-records.js';
import type { RecordReader } from './read-records.js';
import type { RedisSession } from './redis-session.js';

/** Is a store while it is open. */
export interface OpenRedis {
  /** Runs its scripts. */
  readonly session: RedisSession;
  /** Reads its records. */
  readonly records: RecordReader;
  /** Remembers what was started here. */
  readonly known: KnownRecords;
}
