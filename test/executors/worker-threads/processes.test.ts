import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const host = fileURLToPath(new URL('../../fixtures/tasks/host.mjs', import.meta.url));
const tsx = fileURLToPath(new URL('../../../node_modules/tsx/dist/cli.mjs', import.meta.url));
const run = promisify(execFile);

/** Runs the program that runs one task, and gives what that gave; it has to end by itself. */
async function outcome(before: readonly string[], ...args: readonly string[]): Promise<unknown> {
  const { stdout, stderr } = await run(process.execPath, [...before, host, ...args], { timeout: 15_000 });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('a task in a worker thread of the built package', () => {
  test.each([
    ['./built.mjs', 'default', 'built 1, worker thread'],
    ['./plain.cjs', 'default', 'plain 1'],
    ['./plain.cjs', 'named', 'named 1'],
    ['./compiled.cjs', 'computed', 'computed 1'],
  ])('is found in %s as %s', async (module, name, result) => {
    expect(await outcome([], module, name)).toBe(result);
  });

  test.each([
    ['the command tsx', [tsx]],
    ['--import tsx', ['--import', 'tsx']],
  ])('may be TypeScript under %s, named as the file that it is built to', async (_what, before) => {
    expect(await outcome(before, './handlers.js', 'default')).toBe(3);
    expect(await outcome(before, './built.mjs', 'default')).toBe('built 1, worker thread');
  });

  test('keeps nobody alive: neither after a shutdown, nor where the scheduler does not', async () => {
    expect(await outcome([], './built.mjs', 'default', 'unref')).toBe('built 1, worker thread');
  });
});
