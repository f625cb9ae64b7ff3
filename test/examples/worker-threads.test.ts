import { expect, it } from 'vitest';
import { runExample } from './support/run-example.js';

const PRIMES = 114_155;

it('computes the same in threads as in the event loop, tells how late a timer was, and ends what never ends', async () => {
  const { code, stdout, stderr } = await runExample('worker-threads.ts').ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  const line = (executor: string): RegExp =>
    new RegExp(`^${executor}: ${Array(4).fill(PRIMES).join(', ')} primes; a timer was up to (\\d+) ms late$`);
  // How late it is depends on the machine's other work; the benchmarks compare that.
  expect(lines[0]).toMatch(line('default'));
  expect(lines[1]).toMatch(line('threads'));
  expect(lines.slice(2)).toEqual([
    'ESC_RUN_TIMED_OUT',
    'The handler ignores its aborted signal; its worker thread is ended',
    'Stopped',
  ]);
}, 60_000);
