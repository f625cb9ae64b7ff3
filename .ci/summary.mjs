// Prints the closing line `N passed, N failed, N skipped` from the JSON report of Vitest, if there is one.

import { existsSync, readFileSync } from 'node:fs';

const [, , path] = process.argv;
const report = existsSync(path) ? readFileSync(path, 'utf8') : '';
if (report !== '') {
  const { success, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(report);
  // A file that cannot be loaded fails the run without a failed test.
  const failed = Math.max(numFailedTests, success ? 0 : 1);
  console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
}
