import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AsyncExecutor, Scheduler, defineTask } from 'escapement';
import { WorkerThreadExecutor } from 'escapement/executors/worker-threads';
import type { Benchmark } from '../support/benchmark.js';
import { quantilesOf } from '../support/quantiles.js';

interface ResponsesParams {
  readonly who: 'AsyncExecutor' | 'WorkerThreadExecutor' | 'no jobs';
  readonly jobMs: number;
}

const JOBS = 4;
const MODULE = new URL('./work.mjs', import.meta.url);
const CLIENT = fileURLToPath(new URL('./http-client.mjs', import.meta.url));
const WARM_UP_MS = 500;

/**
 * Measures how long an HTTP server answers that shares its process with a scheduler, while four jobs compute for 2
 * seconds each: in four worker threads, or in the event loop itself. The client is another process, which asks every 5 ms
 * whether or not it has been answered; from the moment at which it should have asked to the answer's end.
 *
 * `no jobs` is what the machine gives.
 */
export const responses: Benchmark<ResponsesParams> = {
  name: 'responses',
  module: import.meta.url,

  probes({ isQuick }) {
    const jobMs = isQuick ? 500 : 2000;
    return (['no jobs', 'AsyncExecutor', 'WorkerThreadExecutor'] as const).map((who) => ({
      label: who,
      params: { who, jobMs },
    }));
  },

  async measure({ who, jobMs }) {
    const scheduler = new Scheduler({
      executors: {
        default: who === 'AsyncExecutor' ? new AsyncExecutor() : new WorkerThreadExecutor({ threads: JOBS }),
      },
    });
    const work = defineTask<{ ms: number }>('work', { module: MODULE, export: 'handle' });
    await scheduler.start();
    // The server's own limits would close connections that a blocked event loop has kept waiting.
    const server = createServer(
      { keepAliveTimeout: 60_000, requestTimeout: 0, headersTimeout: 0 },
      (_request, response) => response.end('ok'),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = fork(CLIENT, [String((server.address() as AddressInfo).port), String(WARM_UP_MS)], {
      execArgv: [],
    });
    await once(client, 'message');
    if (who === 'no jobs') await new Promise((resolve) => setTimeout(resolve, jobMs));
    else {
      const runs = await Promise.all(
        Array.from({ length: JOBS }, () => scheduler.enqueue(work, { ms: jobMs })),
      );
      await Promise.all(runs.map((run) => run.result()));
    }
    const answered = once(client, 'message') as Promise<[number[]]>;
    const died = once(client, 'exit').then(() => Promise.reject(new Error('The client died')));
    client.send('stop');
    const [delays] = await Promise.race([answered, died]);
    died.catch(() => undefined);
    await scheduler.shutdown();
    server.close();
    return quantilesOf(who, delays, { 'WorkerThreadExecutor, p99': { atMost: 20 } });
  },
};
