import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Unstamped } from './entries.js';
import { monotonicMs } from './monotonic.js';

/**
 * Writes one process's history: a line a call, handed to the system before it returns, so that a process that is
 * killed loses nothing but perhaps the end of its last line.
 */
export class HistoryWriter {
  readonly #process: string;
  readonly #file: number;

  /** Opens the file of a process in a folder; a thread of its has one under another name. */
  constructor(folder: string, process: string, name = process) {
    this.#process = process;
    this.#file = openSync(join(folder, `${name}.jsonl`), 'a');
  }

  /** Appends a line. */
  write(entry: Unstamped): void {
    const stamped = { at: monotonicMs(), wall: Date.now(), process: this.#process, ...entry };
    writeSync(this.#file, `${JSON.stringify(stamped)}\n`);
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }
}
