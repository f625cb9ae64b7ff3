import { describe, expect, test } from 'vitest';
import { defineTask } from '../../src/index.js';
import type { RunContext, RunProgress } from '../../src/index.js';
import { ProgressWatch } from '../../src/scheduler/progress-watch.js';
import { Gate } from '../support/gate.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { startedStage } from '../support/stage.js';
import { rejectionOf, within } from '../support/within.js';
import { ChainFleet } from './steps/support/chain-fleet.js';

/** Keeps what is told, as short text. */
function listener(): { told: string[]; onProgress: (progress: RunProgress) => void } {
  const told: string[] = [];
  return {
    told,
    onProgress: ({ fraction, note }) => {
      told.push(`${String(fraction)} ${note ?? '-'}`);
    },
  };
}

function textOf(fraction: number, note: string | null = null): string {
  return JSON.stringify({ fraction, note });
}

describe('a watch', () => {
  test('tells what is new, and once', () => {
    const { told, onProgress } = listener();
    const watch = new ProgressWatch(onProgress, new RecordingLogger());
    for (const text of [null, textOf(0.1), textOf(0.1), null, textOf(0.1, 'a'), textOf(0.2), textOf(0.1)])
      watch.see(text);
    expect(told).toEqual(['0.1 -', '0.1 a', '0.2 -', '0.1 -']);
  });

  test('goes on though whoever listens throws, or a row was damaged, and logs both', () => {
    const log = new RecordingLogger();
    let calls = 0;
    const watch = new ProgressWatch(() => {
      calls++;
      throw new Error('not my day');
    }, log);
    watch.see(textOf(0.1));
    watch.see('{');
    watch.see(textOf(0.2));
    expect(calls).toBe(2);
    expect(log.at('error')).toHaveLength(3);
  });
});

describe('a watch whose listener is asynchronous', () => {
  test('logs what it is rejected with', async () => {
    const log = new RecordingLogger();
    new ProgressWatch(() => Promise.reject(new Error('later')), log).see(textOf(0.1));
    await Promise.resolve();
    await Promise.resolve();
    expect(log.at('error')).toHaveLength(1);
  });
});

describe('result({ onProgress })', () => {
  test('tells what the handler says, until the run has ended', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const { told, onProgress } = listener();
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    const result = handle.result({ onProgress });
    await clock.settle();
    const { progress } = gate.contexts[0] as RunContext;
    progress(0.1);
    progress(0.5, 'half way');
    progress(0.5, 'half way');
    progress(1);
    gate.release('done');
    expect(await within(result)).toBe('done');
    progress(0.7, 'too late');
    await clock.settle();
    expect(told).toEqual(['0.1 -', '0.5 half way', '1 -']);
  });

  test('tells first what the run had said before, and each listener by itself', async () => {
    const { clock, scheduler, log } = await startedStage();
    const gate = new Gate();
    const [early, late] = [listener(), listener()];
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    const results = [handle.result({ onProgress: early.onProgress })];
    await clock.settle();
    gate.contexts[0]?.progress(0.5);
    await clock.settle();
    results.push(handle.result({ onProgress: late.onProgress }));
    results.push(
      handle.result({
        onProgress: () => {
          throw new Error('not my day');
        },
      }),
    );
    await clock.settle();
    gate.contexts[0]?.progress(0.75);
    gate.release(1);
    expect(await within(Promise.all(results))).toEqual([1, 1, 1]);
    expect([early.told, late.told]).toEqual([
      ['0.5 -', '0.75 -'],
      ['0.5 -', '0.75 -'],
    ]);
    expect(log.at('error').map(({ message }) => message)).toContainEqual(expect.stringContaining('progress'));
  });

  test('tells nothing more once its signal has aborted, and goes on for others', async () => {
    const { clock, scheduler } = await startedStage();
    const gate = new Gate();
    const [impatient, patient] = [listener(), listener()];
    const handle = await scheduler.enqueue(defineTask('t', gate.handler));
    const controller = new AbortController();
    const given = rejectionOf(handle.result({ signal: controller.signal, onProgress: impatient.onProgress }));
    const result = handle.result({ onProgress: patient.onProgress });
    await clock.settle();
    gate.contexts[0]?.progress(0.1);
    controller.abort(new Error('enough'));
    await given;
    gate.contexts[0]?.progress(0.2);
    gate.release(1);
    await within(result);
    expect([impatient.told, patient.told]).toEqual([['0.1 -'], ['0.1 -', '0.2 -']]);
  });

  test('tells of each attempt, from the start', async () => {
    const { clock, scheduler } = await startedStage();
    const { told, onProgress } = listener();
    const flaky = defineTask(
      'flaky',
      ({ attempt, progress }) => {
        progress(attempt / 10, `attempt ${String(attempt)}`);
        if (attempt < 3) throw new Error('no');
      },
      { retry: { attempts: 3, delay: 1000 } },
    );
    const handle = await scheduler.enqueue(flaky);
    const result = handle.result({ onProgress });
    await clock.advance(5000);
    await within(result);
    expect(told).toEqual(['0.1 attempt 1', '0.2 attempt 2', '0.3 attempt 3']);
  });

  test('tells on one node what a run says that another executes, by the backstop at the latest', async () => {
    const fleet = new ChainFleet();
    const gate = new Gate();
    const task = fleet.task('t', gate.handler);
    const watcher = await fleet.join({ tasks: [task] });
    await watcher.scheduler.pause();
    await fleet.join({ tasks: [task] });
    const { told, onProgress } = listener();
    const handle = await watcher.scheduler.enqueue(task);
    const result = handle.result({ onProgress });
    await fleet.clock.advance({ seconds: 6 });
    for (const [fraction, note] of [
      [0.1, 'begun'],
      [0.2, 'more'],
      [0.5, 'half way'],
    ] as const) {
      gate.contexts[0]?.progress(fraction, note);
      if (fraction !== 0.1) await fleet.clock.advance({ seconds: 6 });
    }
    gate.contexts[0]?.progress(0.9);
    gate.release('done');
    await fleet.clock.advance({ seconds: 6 });
    expect(await within(result)).toBe('done');
    // Of reports in quick succession it hears the last.
    expect(told).toEqual(['0.2 more', '0.5 half way', '0.9 -']);
  });

  test('leaves nothing behind: a later run of the same task tells nobody', async () => {
    const { clock, scheduler } = await startedStage();
    const { told, onProgress } = listener();
    const task = defineTask('t', ({ progress }) => {
      progress(0.5);
    });
    await within((await scheduler.enqueue(task)).result({ onProgress }));
    await scheduler.enqueue(task);
    await clock.settle();
    expect(told).toEqual(['0.5 -']);
  });
});
