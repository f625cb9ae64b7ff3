import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Scheduler, interval } from '../../src/index.js';
import type { Logger } from '../../src/index.js';
import { EventRecorder } from '../../src/testing/event-recorder.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { scripted } from '../support/custom-triggers.js';
import { RecordingLogger } from '../support/recording-logger.js';

function fail(): never {
  throw new Error('a bad logger');
}

describe('a logger', () => {
  test('that throws changes nothing', async () => {
    const clock = new ManualClock();
    const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
    const { codec, trigger } = scripted('wild', {
      next: (after) => (after < clock.now() ? after + 1000 : fail()),
    });
    const scheduler = new Scheduler({ clock, logger, triggers: [codec] });
    onTestFinished(() => scheduler.shutdown());
    const events = new EventRecorder(scheduler);
    scheduler.on('run:started', fail);
    await scheduler.start();
    await scheduler.addJob(({ log }) => log.info({}, 'hello'), interval(1000), { id: 'a' });
    await scheduler.addJob(() => 1n, interval(1000), { id: 'b' });
    await scheduler.addJob(() => 1, trigger, { id: 'wild', nextRunTime: new Date(clock.now() + 1000) });
    await clock.advance(3000);
    expect(events.of('run:succeeded')).toHaveLength(6);
    expect(events.of('job:parked')).toHaveLength(1);
  });

  test('hears of every attempt that fails', async () => {
    const clock = new ManualClock();
    const log = new RecordingLogger();
    const scheduler = new Scheduler({ clock, logger: log });
    onTestFinished(() => scheduler.shutdown());
    await scheduler.start();
    const error = new Error('boom');
    await scheduler.addJob(() => Promise.reject(error), undefined, { retry: { attempts: 2, delay: 10 } });
    await clock.advance(100);
    const told = log.entries.map(({ level, fields }) => [level, fields['err'], fields['attempt']]);
    expect(told).toEqual([
      ['warn', error, 1],
      ['error', error, 2],
    ]);
  });

  test('hears of a result that is awaited of a scheduler that is not started', async () => {
    const log = new RecordingLogger();
    const scheduler = new Scheduler({ logger: log });
    const job = await scheduler.addJob(() => 1, undefined, { id: 'a' });
    const handle = await job.run();
    await expect(handle.result({ signal: AbortSignal.abort() })).rejects.toThrow();
    expect(log.at('warn').map(({ message }) => message)).toEqual([expect.stringMatching(/not started/)]);
  });

  test('gets fields first and the message second, as pino has it, and keeps its this', async () => {
    class Own {
      readonly lines: string[] = [];
      debug(): void {}
      info(): void {}
      warn(): void {}
      error(fields: object, message: string): void {
        this.lines.push(`${message}: ${Object.keys(fields).join(', ')}`);
      }
    }
    const logger = new Own();
    const clock = new ManualClock();
    const scheduler = new Scheduler({ clock, logger });
    onTestFinished(() => scheduler.shutdown());
    scheduler.on('scheduler:started', fail);
    await scheduler.start();
    expect(logger.lines).toEqual(['A listener failed: err, event']);
  });

  test('is the console by default, for warnings and errors only', async () => {
    const spies = (['debug', 'info', 'log', 'warn', 'error'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => undefined),
    );
    onTestFinished(() => {
      for (const spy of spies) spy.mockRestore();
    });
    const clock = new ManualClock();
    const scheduler = new Scheduler({ clock });
    onTestFinished(() => scheduler.shutdown());
    await scheduler.start();
    await scheduler.addJob(({ log }) => {
      log.debug({}, 'debug');
      log.info({}, 'info');
      log.warn({ n: 1 }, 'warn');
      log.error({ n: 2 }, 'error');
    });
    await clock.settle();
    const calls = spies.map((spy) => spy.mock.calls.length);
    expect(calls).toEqual([0, 0, 0, 1, 1]);
    expect(vi.mocked(console.warn).mock.calls[0]).toMatchObject(['[escapement] warn', { n: 1 }]);
    expect(vi.mocked(console.error).mock.calls[0]).toMatchObject(['[escapement] error', { n: 2 }]);
  });
});
