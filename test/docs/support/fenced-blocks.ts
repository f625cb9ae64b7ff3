import { readFileSync } from 'node:fs';

/** Is a fenced block of code of a document. */
export interface FencedBlock {
  /** Is what stands after the opening fence: the language, and more. */
  readonly info: string;
  readonly code: string;
}

/** Gives the text of a document in docs/. */
export function documentText(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
}

/** Gives the fenced blocks of a document in docs/, those in lists too. */
export function fencedBlocks(name: string): FencedBlock[] {
  return [...documentText(name).matchAll(/^( *)```([^\n`]+)\n([\s\S]*?)\n\1```$/gm)].map(
    ([, , info = '', code = '']) => ({ info: info.trim(), code }),
  );
}
