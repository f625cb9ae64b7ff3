import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expectThat } from '../expect.js';
import { SqlSession } from '../../support/sql-session.js';
import { CannotHappen } from '../scenario.js';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

const DISK_BYTES = 8_000_000;

/** Has eight processes work on one file, which somebody else reads for long, and holds locked for a time. */
export const longReader: Scenario = {
  name: 'long-reader',
  engines: ['sqlite'],
  leftOut: { redis: 'nothing that reads keeps others from writing' },
  async run(stage) {
    const workMs = stage.scale(6000, 60_000);
    const nodes = await stage.fleet(8);
    const start = new Date();
    const end = new Date(start.getTime() + workMs);
    for (let nth = 0; nth < 8; nth++) {
      const trigger = { interval: { milliseconds: 200 + 20 * nth }, start, end };
      await stage.scheduler.addJob('sleep', trigger, { id: `job-${nth}`, data: { ms: 50 }, coalesce: false });
    }
    await using reader = await SqlSession.to('sqlite', stage.place.at);
    await using writer = await SqlSession.to('sqlite', stage.place.at);
    await reader.query('BEGIN');
    await reader.query(`SELECT count(*) FROM ${stage.place.prefix}jobs`);
    stage.fault('a transaction reads');
    const adding = Promise.all(nodes.map((node) => node.callTimes(50, 'enqueue', 'noop')));
    await sleep(workMs / 3);
    await writer.query('BEGIN IMMEDIATE');
    stage.fault('the file is locked');
    await sleep(1500);
    await writer.query('ROLLBACK');
    stage.fault('the file is free');
    await adding;
    await sleep(workMs / 3);
    await reader.query('COMMIT');
    stage.fault('the transaction that read is over');
    await stage.settled(60_000);
    const enqueued = (await stage.runs()).filter(({ origin }) => origin === 'enqueued').length;
    expectThat(enqueued === nodes.length * 50, `${nodes.length * 50} runs to be enqueued; ${enqueued} are`);
  },
};

/** Fills the disk under the file: what cannot be written is refused, and all goes on once there is room again. */
export const diskFull: Scenario = {
  name: 'disk-full',
  engines: ['sqlite'],
  leftOut: { redis: 'its room is memory: memory-full' },
  setUp({ at }) {
    mountSmallDisk(dirname(at));
    return () => execFileSync('umount', [dirname(at)]);
  },
  async run(stage) {
    const filler = join(dirname(stage.place.at), 'filler');
    const fullMs = stage.scale(5000, 30_000);
    await stage.fleet(2);
    const start = new Date();
    const end = new Date(start.getTime() + fullMs + 4000);
    for (let nth = 0; nth < 4; nth++) {
      const trigger = { interval: { milliseconds: 250 + 50 * nth }, start, end };
      await stage.scheduler.addJob('sleep', trigger, { id: `job-${nth}`, data: { ms: 50 }, coalesce: false });
    }
    await stage.begun('job-3');
    stage.fault('the disk is full');
    fill(filler);
    await stage.until(() => isRefused(stage), 'a write to be refused');
    await sleep(fullMs);
    rmSync(filler);
    stage.fault('the disk has room again');
    await stage.settled(60_000);
  },
};

function mountSmallDisk(folder: string): void {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (cause) {
    throw new CannotHappen('a small disk cannot be mounted here', { cause });
  }
}

function fill(path: string): void {
  const block = Buffer.alloc(4096);
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}

/** Asks for room until there is none; what is left in the file itself may last for a while. */
async function isRefused(stage: Stage): Promise<boolean> {
  try {
    await stage.scheduler.enqueue('noop', 'x'.repeat(100_000));
    return false;
  } catch (error) {
    expectThat(
      /full/i.test(inspect(error)),
      `the error to say that the disk is full; it is ${inspect(error)}`,
    );
    return true;
  }
}
