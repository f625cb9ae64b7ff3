import type { LogMethod, Logger } from '../../src/index.js';

/** Is something that was logged. */
export interface LogEntry {
  readonly level: keyof Logger;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** Keeps what is logged. */
export class RecordingLogger implements Logger {
  readonly entries: LogEntry[] = [];
  readonly debug: LogMethod = this.#method('debug');
  readonly info: LogMethod = this.#method('info');
  readonly warn: LogMethod = this.#method('warn');
  readonly error: LogMethod = this.#method('error');

  /** Gives the entries of a level. */
  at(level: keyof Logger): readonly LogEntry[] {
    return this.entries.filter((entry) => entry.level === level);
  }

  #method(level: keyof Logger): LogMethod {
    return (fields, message) => {
      this.entries.push({ level, fields: fields as Record<string, unknown>, message });
    };
  }
}
