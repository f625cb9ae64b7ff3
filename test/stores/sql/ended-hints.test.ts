import { Scheduler, defineTask } from 'escapement';
import { expect, it, onTestFinished } from 'vitest';
import { within } from '../../support/within.js';
import { SILENT } from '../support/silent.js';
import { onEngines } from './support/on-every-engine.js';
import type { SqlPlace } from './support/on-every-engine.js';

const echo = defineTask('echo', ({ data }) => data);
const fail = defineTask('fail', () => {
  throw new Error('no');
});

/** Starts a scheduler that runs nothing by itself, and one that runs what the first adds. */
async function startNodes(
  place: SqlPlace,
): Promise<{ readonly asker: Scheduler; readonly runner: Scheduler }> {
  // Nobody looks by himself before the test is over.
  const options = { tasks: [echo, fail], backstop: { minutes: 5 }, logger: SILENT };
  const [asker, runner] = [1, 2].map(() => new Scheduler({ ...options, stores: { default: place.store() } }));
  for (const scheduler of [asker!, runner!]) onTestFinished(() => scheduler.shutdown({ timeout: 0 }));
  await asker!.start({ paused: true });
  await runner!.start();
  return { asker: asker!, runner: runner! };
}

await onEngines(['sqlite', 'postgres'], 'a handle of a run that another node executes', (aPlace) => {
  it('gives its result when the other node tells of its end', async () => {
    const { asker } = await startNodes(await aPlace());
    const handle = await asker.enqueue(echo, { to: 'ops' });
    expect(await within(handle.result())).toEqual({ to: 'ops' });
  });

  it('rejects when the run has failed there', async () => {
    const { asker } = await startNodes(await aPlace());
    const handle = await asker.enqueue(fail);
    await expect(within(handle.result())).rejects.toMatchObject({ code: 'ESC_RUN_FAILED' });
  });

  it('rejects when the run is cancelled there before it has started', async () => {
    const { asker, runner } = await startNodes(await aPlace());
    const handle = await asker.enqueue(echo, 1, { delay: { hours: 1 } });
    const result = handle.result();
    await expect(within(Promise.all([result, runner.cancelRun(handle.id)]))).rejects.toMatchObject({
      code: 'ESC_RUN_CANCELLED',
    });
  });

  it('gives the results of more runs than are named', async () => {
    const { asker } = await startNodes(await aPlace());
    const handles = await Promise.all(Array.from({ length: 200 }, (_, at) => asker.enqueue(echo, at)));
    const results = await within(Promise.all(handles.map((handle) => handle.result())));
    expect(results).toEqual(handles.map((_, at) => at));
  });
});
