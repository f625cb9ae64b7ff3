import { expect, it } from 'vitest';
import { runExample } from './support/run-example.js';

it('runs a report in four steps with one retry, and tells somebody when it fails', async () => {
  const { code, stdout, stderr } = await runExample('chain.ts').ended;
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^The report is due next at \d{4}-\d\d-\d\dT0[45]:00:00\.000Z\. Running it now:$/);
  expect(lines.slice(1, 9)).toEqual([
    '  fetch-figures failed: no answer; it is tried again',
    '  mail to ops@example.com: 12 orders, revenue 340',
    '  result: {"sent":1}',
    '  fetch-figures  succeeded',
    '  write-report   succeeded',
    '  send           succeeded',
    '  clean-up       succeeded',
    '  = report       succeeded',
  ]);
  expect(lines.slice(9, 11)).toEqual(['', 'The same, while the mail server is down:']);
  const rest = lines.slice(11);
  expect(rest).toContain('  fetch-figures failed: no answer; it is tried again');
  expect(rest).toContain('  alert: no report for ops@example.com, as "send" failed: the mail server is down');
  expect(rest).toContain(
    '  ESC_STEP_FAILED: Step 3 ("send") of task "report" failed: the mail server is down',
  );
  expect(rest.slice(-5)).toEqual([
    '  fetch-figures  succeeded',
    '  write-report   succeeded',
    '  send           failed',
    '  clean-up       skipped',
    '  = report       failed',
  ]);
});
