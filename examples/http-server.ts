// A web app with a scheduler inside: starts it with the server, shows its state as JSON, and stops both in order.
//
//   PORT=3000 npx tsx examples/http-server.ts
//
//   GET  /                  what the scheduler is up to
//   GET  /jobs              its jobs
//   GET  /runs              its latest runs
//   GET  /upcoming          the fire times of the next hour
//   POST /jobs/cleanup/run  runs a job now, and waits for its result

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JobNotFoundError, Scheduler, cron, defineTask, interval } from 'escapement';

const cleanUp = defineTask('clean-up', async ({ signal, log }) => {
  log.info({}, 'Cleaning up');
  signal.throwIfAborted();
  return Promise.resolve({ deleted: 3 });
});
const report = defineTask('report', () => ({ sent: 1 }), { timeout: { minutes: 1 } });

const scheduler = new Scheduler({ tasks: [cleanUp, report] });

// Declared at every start of the app. With 'update', a store that outlives the process keeps what was changed at run
// time, and takes over what changed here.
await scheduler.addJob(cleanUp, interval({ seconds: 2 }), { id: 'cleanup', ifExists: 'update' });
await scheduler.addJob(report, cron('0 9 * * mon-fri', { timezone: 'Europe/Paris' }), {
  id: 'weekday-report',
  ifExists: 'update',
});

const server = createServer((request, response) => {
  const { method = 'GET', url = '/' } = request;
  answer(method, url).then(
    ({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body, null, 2)}\n`);
    },
    (error: unknown) => {
      console.error(error);
      response.writeHead(500).end();
    },
  );
});

// The scheduler first: requests may count on it.
await scheduler.start();
server.listen(Number(process.env['PORT'] ?? 3000));
await once(server, 'listening');
console.log(`Listening on http://localhost:${String((server.address() as AddressInfo).port)}`);

process.once('SIGTERM', stop);
process.once('SIGINT', stop);

function stop(signal: NodeJS.Signals): void {
  console.log(`${signal}: stopping`);
  shutDown().then(
    () => {
      console.log('Stopped');
    },
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
    },
  );
}

/** Stops in the order of dependence: the requests, which use the scheduler; the jobs; then what both use. */
async function shutDown(): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  await closed;
  // Handlers that run have 10 seconds; then their signals are aborted.
  await scheduler.shutdown({ timeout: { seconds: 10 } });
  // Now the database pool, the message broker … Nothing holds the process open after that: it exits by itself.
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(method: string, url: string): Promise<Answer> {
  if (method === 'GET' && url === '/') return ok({ state: scheduler.state, node: scheduler.node });
  if (method === 'GET' && url === '/jobs') return ok((await scheduler.getJobs()).items);
  if (method === 'GET' && url === '/runs') return ok((await scheduler.getRuns({ limit: 20 })).items);
  if (method === 'GET' && url === '/upcoming') {
    const now = Date.now();
    return ok(await scheduler.preview(new Date(now), new Date(now + 3_600_000), { limit: 20 }));
  }
  const [, id] = /^\/jobs\/([^/]+)\/run$/.exec(url) ?? [];
  if (method === 'POST' && id !== undefined) return runNow(decodeURIComponent(id));
  return { status: 404, body: { error: `No ${method} ${url}` } };
}

async function runNow(id: string): Promise<Answer> {
  try {
    const run = await scheduler.runJob(id);
    return ok({ run: run.id, result: await run.result({ signal: AbortSignal.timeout(5000) }) });
  } catch (error) {
    if (error instanceof JobNotFoundError) return { status: 404, body: { error: error.message } };
    throw error;
  }
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}
