import { readFileSync } from 'node:fs';
import { jobStoreContract } from 'escapement/testing';
import { expect, it } from 'vitest';
import { SCENARIOS } from '../faults/scenarios/index.js';

const document = readFileSync(new URL('../../docs/guarantees.md', import.meta.url), 'utf8');

/** Holds what docs/guarantees.md names: rows of a title and a file. */
const named = [...document.matchAll(/^\| (.+) \| `((?:src|test)\/.+)` \|$/gm)].map(
  ([, title = '', file = '']) => [title, file] as const,
);

it('names tests under every promise', () => {
  const promises = document.split(/^## /m).filter((section) => /^\d\. /.test(section));
  expect(promises).toHaveLength(6);
  for (const promise of promises) {
    expect(promise).toContain('**Limits**');
    expect(promise.match(/^\| .+ \| `.+` \|$/gm)?.length).toBeGreaterThan(3);
  }
});

it.each(named)('there is a test "%s" in %s', (title, file) => {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  if (file.startsWith('test/faults/')) {
    expect(SCENARIOS.map(({ name }) => name)).toContain(title);
    expect(text).toContain(`name: '${title.replace(/^kill-(?=before|after)/, '')}'`);
    return;
  }
  if (file.startsWith('src/testing/contract/'))
    expect(jobStoreContract.map(({ name }) => name)).toContain(title);
  else expect(file).toMatch(/\.test\.ts$/);
  expect(["'", '"', '`'].some((quote) => text.includes(`${quote}${title}${quote}`))).toBe(true);
});
