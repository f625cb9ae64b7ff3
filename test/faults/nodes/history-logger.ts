import { inspect } from 'node:util';
import type { Logger } from 'escapement';
import type { HistoryWriter } from '../history/history-writer.js';

/** Gives a logger that keeps warnings and errors in a history. */
export function historyLogger(history: HistoryWriter): Logger {
  const keep = (level: string) => (fields: object, message: string) => {
    const { err } = fields as { err?: unknown };
    const cause = err === undefined ? '' : `: ${inspect(err, { depth: 1 })}`;
    history.write({ kind: 'log', level, message: `${message}${cause}` });
  };
  return { debug: () => {}, info: () => {}, warn: keep('warn'), error: keep('error') };
}
