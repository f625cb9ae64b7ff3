import { describe, expect, test } from 'vitest';
import { runChild } from '../support/child.js';

const IMPORTS = "import { Scheduler, interval, date } from './src/index.js';\n";

describe('a process', () => {
  test('exits by itself after shutdown, with the active resources of before', async () => {
    const { code, stdout, stderr } = await runChild(`${IMPORTS}
      const before = process.getActiveResourcesInfo().sort();
      const scheduler = new Scheduler({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
      for (let round = 0; round < 3; round++) {
        await scheduler.addJob(() => 'tick', interval(20), { timeout: 60_000, retry: { attempts: 2 } });
        await scheduler.addJob(() => Promise.reject(new Error('no')), undefined, { retry: { attempts: 2, delay: 60_000 } });
        const fired = new Promise((resolve) => scheduler.once('run:succeeded', resolve));
        await scheduler.start();
        await fired;
        await scheduler.shutdown({ timeout: 60_000 });
      }
      const after = process.getActiveResourcesInfo().sort();
      console.log(JSON.stringify({ before, after }));
    `);
    expect(stderr).toBe('');
    const { before, after } = JSON.parse(stdout) as { before: string[]; after: string[] };
    expect(after).toEqual(before);
    expect(code).toBe(0);
  });

  test('exits by itself after a shutdown that gave a handler up', async () => {
    const { code, stdout } = await runChild(`${IMPORTS}
      const scheduler = new Scheduler({ logger: { debug() {}, info() {}, warn() {}, error() {} } });
      await scheduler.addJob(() => new Promise(() => {}));
      const started = new Promise((resolve) => scheduler.once('run:started', resolve));
      await scheduler.start();
      await started;
      await scheduler.shutdown({ wait: false });
      console.log(scheduler.state);
    `);
    expect([code, stdout]).toEqual([0, 'stopped\n']);
  });

  test('waits no longer for handlers once a second signal comes', async () => {
    const { signal, stdout } = await runChild(
      `${IMPORTS}
      const scheduler = new Scheduler({ handleSignals: true });
      await scheduler.addJob(({ signal }) => new Promise((resolve) => {
        signal.addEventListener('abort', () => { console.log('aborted'); resolve(); });
        console.log('ready');
      }));
      scheduler.on('run:started', () => setTimeout(() => process.kill(process.pid, 'SIGINT'), 200));
      await scheduler.start();
    `,
      (line, kill) => {
        if (line === 'ready') kill('SIGINT');
      },
    );
    expect([signal, stdout]).toEqual(['SIGINT', 'ready\naborted\n']);
  });

  test('prints the whole of a job, not only what is not private', async () => {
    const { stdout } = await runChild(`${IMPORTS}
      console.log(await new Scheduler().addJob(() => 1, interval(1000), { id: 'a' }));
    `);
    expect(stdout).toContain("id: 'a'");
  });

  test('stays alive while a scheduler runs, though nothing is due', async () => {
    const { code, stdout } = await runChild(`${IMPORTS}
      const scheduler = new Scheduler();
      await scheduler.addJob(() => {
        console.log('fired');
        scheduler.shutdown();
      }, date(new Date(Date.now() + 300)));
      await scheduler.start();
      process.on('exit', () => console.log('exit'));
    `);
    expect([code, stdout]).toEqual([0, 'fired\nexit\n']);
  });

  test('exits although a scheduler runs when that is unref', async () => {
    const { code, signal, stdout } = await runChild(`${IMPORTS}
      const scheduler = new Scheduler({ unref: true });
      await scheduler.addJob(() => console.log('fired'), interval({ hours: 1 }));
      await scheduler.start();
      console.log(scheduler.state);
    `);
    expect([code, signal, stdout]).toEqual([0, null, 'running\n']);
  });

  test('is not kept alive by a scheduler that was never started', async () => {
    const { code } = await runChild(`${IMPORTS}
      const scheduler = new Scheduler();
      await scheduler.addJob(() => {}, interval(10));
    `);
    expect(code).toBe(0);
  });

  test('has no signal handlers of ours unless asked', async () => {
    const { stdout } = await runChild(`${IMPORTS}
      const count = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
      const plain = new Scheduler();
      await plain.start();
      console.log(count());
      const asked = new Scheduler({ handleSignals: true });
      console.log(count());
      await asked.start();
      await asked.start();
      console.log(count());
      await asked.shutdown();
      await plain.shutdown();
      console.log(count());
    `);
    expect(stdout).toBe('0\n0\n2\n0\n');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'that gets %s shuts down in order and ends of it',
    async (name) => {
      const { code, signal, stdout } = await runChild(
        `${IMPORTS}
      const scheduler = new Scheduler({ handleSignals: true });
      scheduler.on('scheduler:stopped', () => console.log('stopped'));
      await scheduler.addJob(async () => {
        console.log('ready');
        await new Promise((resolve) => setTimeout(resolve, 200));
        console.log('finished');
      });
      await scheduler.start();
    `,
        (line, kill) => {
          if (line === 'ready') kill(name);
        },
      );
      expect(stdout).toBe('ready\nfinished\nstopped\n');
      expect([code, signal]).toEqual([null, name]);
    },
  );

  test('that handles the signal itself too is not ended by us', async () => {
    const { code, signal, stdout } = await runChild(
      `${IMPORTS}
      const scheduler = new Scheduler({ handleSignals: true });
      process.on('SIGTERM', () => console.log('mine'));
      await scheduler.start();
      scheduler.on('scheduler:stopped', () => setTimeout(() => console.log('still here'), 100));
      console.log('ready');
    `,
      (line, kill) => {
        if (line === 'ready') kill('SIGTERM');
      },
    );
    expect(stdout).toBe('ready\nmine\nstill here\n');
    expect([code, signal]).toEqual([0, null]);
  });

  test('survives a listener, a logger and a task that throw', async () => {
    const { code, stdout, stderr } = await runChild(`${IMPORTS}
      const no = () => { throw new Error('no'); };
      const scheduler = new Scheduler({ logger: { debug: no, info: no, warn: no, error: no } });
      scheduler.on('run:failed', no);
      scheduler.on('run:failed', async () => no());
      await scheduler.addJob(no);
      const failed = new Promise((resolve) => scheduler.on('run:failed', resolve));
      await scheduler.start();
      await failed;
      await scheduler.shutdown();
      console.log(scheduler.state);
    `);
    expect([code, stdout, stderr]).toEqual([0, 'stopped\n', '']);
  });

  test('logs warnings and errors to the console by default, in structured form', async () => {
    const { stderr } = await runChild(`${IMPORTS}
      const scheduler = new Scheduler();
      scheduler.on('scheduler:started', () => { throw new Error('a listener of mine'); });
      await scheduler.start();
      await scheduler.shutdown();
    `);
    expect(stderr).toContain('[escapement] A listener failed');
    expect(stderr).toContain('a listener of mine');
    expect(stderr).toContain("event: 'scheduler:started'");
  });
});
