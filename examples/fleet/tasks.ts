// What the fleet does. Schedulers and workers both import this file: those name what is to be done, and these do it.

import { setTimeout as sleep } from 'node:timers/promises';
import { all, chain, defineTask } from 'escapement';
import type { RunContext, Task } from 'escapement';

const VIDEO_PARTS = 4;

/** Fetches what has changed in a shop. */
export const syncShop: Task<void, void> = defineTask('sync-shop', async ({ log, signal }) => {
  log.info({}, 'begins');
  await sleep(400, undefined, { signal });
});

/** Encodes a video, which takes a while, and tells how far it is. */
export const encodeVideo: Task<{ file: string }, { frames: number }> = defineTask(
  'encode-video',
  async (context: RunContext<{ file: string }>) => {
    const { log, signal } = context;
    log.info({}, 'begins');
    for (let part = 1; part <= VIDEO_PARTS; part++) {
      await sleep(1000, undefined, { signal });
      context.progress(part / VIDEO_PARTS);
    }
    return { frames: VIDEO_PARTS * 250 };
  },
);

const fetchSales = defineTask('fetch-sales', async ({ log, signal }) => {
  log.info({}, 'begins');
  await sleep(400, undefined, { signal });
  return { sales: 42 };
});

const drawCharts = defineTask('draw-charts', page('charts'));
const writeTables = defineTask('write-tables', page('tables'));
const writeSummary = defineTask('write-summary', page('summary'));

const sendReport = defineTask('send-report', async ({ log, previous, signal }) => {
  log.info({}, 'begins');
  await sleep(300, undefined, { signal });
  return `sent: ${(previous as string[]).join(', ')}`;
});

/** Makes the report: its steps are runs of their own, wherever a worker is free. */
export const report: Task<void, string> = chain(
  [fetchSales, all([drawCharts, writeTables, writeSummary]), sendReport],
  { name: 'report' },
);

/** Makes a handler that writes one page of the report. */
function page(what: string): (context: RunContext) => Promise<string> {
  return async ({ log, previous, signal }) => {
    log.info({}, 'begins');
    await sleep(800, undefined, { signal });
    return `${what} of ${String((previous as { sales: number }).sales)} sales`;
  };
}
