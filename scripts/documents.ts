import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Lists the hand-written Markdown files: those at the top level and in docs/, without the generated docs/api. */
export function documents(): string[] {
  const generated = join('docs', 'api');
  const inDocs = filesBelow('docs', '.md').filter((file) => !file.startsWith(generated));
  return [...readdirSync('.').filter((file) => file.endsWith('.md')), ...inDocs];
}

/** Lists the files below a folder whose names end in `suffix`, sorted; none if there is no such folder. */
export function filesBelow(folder: string, suffix: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(suffix))
    .map((name) => join(folder, name))
    .sort();
}
