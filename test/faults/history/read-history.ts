import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from './entries.js';

/** Reads the histories of all processes in a folder, merged by time. */
export function readHistory(folder: string): Entry[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const entries = files.flatMap((name) => parseHistory(readFileSync(join(folder, name), 'utf8'), name));
  return entries.sort((a, b) => a.at - b.at);
}

/**
 * Reads the lines of one process.
 *
 * @throws when a line other than the last is not whole: only a kill may tear one, and nothing comes after it
 */
export function parseHistory(text: string, name: string): Entry[] {
  const lines = text.split('\n');
  const torn = lines.pop();
  const entries = lines.map((line, at) => {
    try {
      return JSON.parse(line) as Entry;
    } catch (cause) {
      throw new Error(`Line ${at + 1} of ${name} is torn although others follow it`, { cause });
    }
  });
  return torn === undefined || torn === '' ? entries : [...entries, ...parseIfWhole(torn)];
}

function parseIfWhole(line: string): Entry[] {
  try {
    return [JSON.parse(line) as Entry];
  } catch {
    return [];
  }
}
