// Checks that every relative link of the documents leads to an existing file and, in Markdown, heading.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documents } from './documents.js';

const links = documents().flatMap((document) => relativeLinks(document).map((link) => ({ document, link })));
const broken = links.filter(({ document, link }) => !leadsSomewhere(document, link));

for (const { document, link } of broken) console.error(`${document} Broken link: ${link}`);
console.log(`${links.length} relative links checked, ${broken.length} broken`);
process.exitCode = broken.length === 0 ? 0 : 1;

function relativeLinks(document: string): string[] {
  const inline = /\]\(([^)\s]+)[^)]*\)/g;
  const reference = /^\[[^\]]+\]:\s*(\S+)/gm;
  const text = withoutFences(document).replace(/`[^`\n]*`/g, '');
  const targets = [...text.matchAll(inline), ...text.matchAll(reference)].flatMap(
    ([, target]) => target ?? [],
  );
  return targets.filter((target) => !/^[a-z]+:/i.test(target));
}

function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', anchor = ''] = decodeURI(link).split('#');
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(file)) return false;
  return anchor === '' || !file.endsWith('.md') || anchors(file).has(anchor);
}

function anchors(document: string): Set<string> {
  const headings = withoutFences(document).matchAll(/^#+\s+(.+)$/gm);
  const found = new Set<string>();
  for (const [, heading = ''] of headings) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let copy = 1; found.has(anchor); copy++) anchor = `${slug}-${copy}`;
    found.add(anchor);
  }
  return found;
}

/** Makes the anchor that GitHub gives to a heading. */
function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

function withoutFences(document: string): string {
  return readFileSync(document, 'utf8').replace(/^\s*(`{3,})[^`\n]*\n[\s\S]*?^\s*\1`*\s*$/gm, '');
}
