import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scheduler, defineTask } from 'escapement';
import { EventRecorder, ManualClock, jobStoreContract } from 'escapement/testing';
import { describe, expect, it } from 'vitest';
import { JsonFileJobStore } from '../../examples/custom-store.js';
import { runExample } from './support/run-example.js';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

describe('the store of examples/custom-store.ts', () => {
  const sample = new JsonFileJobStore('never-opened.json');

  for (const { name, run, skipReason } of jobStoreContract) {
    const reason = skipReason(sample);
    it.skipIf(reason !== null)(reason === null ? name : `${name} (${reason})`, () =>
      run(async () => {
        const folder = await mkdtemp(join(tmpdir(), 'escapement-store-'));
        const clock = new ManualClock();
        return {
          store: new JsonFileJobStore(join(folder, 'jobs.json')),
          context: { clock, logger: SILENT },
          clock,
          dispose: () => rm(folder, { recursive: true }),
        };
      }),
    );
  }
});

describe('a process that died', () => {
  it('leaves a run to the next one, which runs it again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'escapement-store-'));
    const path = join(folder, 'jobs.json');
    const attempts: number[] = [];
    const once = defineTask('once', ({ attempt }) => attempts.push(attempt));
    // What a crash leaves behind: the first process runs the job, and is never heard of again.
    const hanging = defineTask('once', () => new Promise(() => undefined));
    const dead = new Scheduler({
      stores: { default: new JsonFileJobStore(path) },
      tasks: [hanging],
      unref: true,
    });
    const seen = new EventRecorder(dead);
    await dead.addJob(hanging, undefined, { id: 'job' });
    await dead.start();
    if (seen.of('run:started').length === 0) await seen.next('run:started');

    const next = new Scheduler({ stores: { default: new JsonFileJobStore(path) }, tasks: [once] });
    const events = new EventRecorder(next);
    await next.start();
    if (events.of('run:succeeded').length === 0) await events.next('run:succeeded');
    expect(attempts).toEqual([2]);
    expect((await next.getJob('job'))?.state).toBe('finished');

    await next.shutdown();
    await rm(folder, { recursive: true });
  });
});

describe('examples/custom-store.ts as a script', () => {
  it('shows a job that survives a restart, and ends by itself', async () => {
    const { code, stdout, stderr } = await runExample('custom-store.ts').ended;
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Job "greeting" survived the restart; it has run [45] times\./);
    expect(code).toBe(0);
  });
});
