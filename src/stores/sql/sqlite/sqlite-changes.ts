import type { Timer } from '../../../time/clock.js';
import { systemClock } from '../../../time/system-clock.js';
import type { SqlChanges } from '../sql-connection.js';
import type { SqliteHandle } from './sqlite-handle.js';

/** Is how often the file is looked at; a look takes some microseconds. */
const INTERVAL_MS = 50;

/**
 * Tells of changes that other connections make to a database file: those change its `data_version`, one's own do not
 * (https://www.sqlite.org/pragma.html#pragma_data_version).
 *
 * It looks in real time, whatever clock the scheduler has: the others do not write by that one.
 */
export class SqliteChanges implements SqlChanges {
  readonly #handle: SqliteHandle;
  #onChange: ((payload: null) => void) | null = null;
  #timer: Timer | null = null;
  #version: unknown;

  /** Makes it; it does nothing until somebody listens. */
  constructor(handle: SqliteHandle) {
    this.#handle = handle;
  }

  async listen(onChange: (payload: null) => void): Promise<() => Promise<void>> {
    this.close();
    this.#onChange = onChange;
    this.#version = this.#read();
    this.#timer = systemClock.setTimer(this.#look, INTERVAL_MS);
    return async () => this.close();
  }

  async check(): Promise<void> {}

  /** Stops looking. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#onChange = null;
  }

  readonly #look = (): void => {
    this.#timer = systemClock.setTimer(this.#look, INTERVAL_MS);
    const version = this.#read();
    if (version === this.#version) return;
    this.#version = version;
    this.#onChange?.(null);
  };

  /** Gives the version; while the file is locked, the one known. */
  #read(): unknown {
    try {
      return this.#handle.read('pragma data_version')[0]?.['data_version'];
    } catch {
      return this.#version;
    }
  }
}
