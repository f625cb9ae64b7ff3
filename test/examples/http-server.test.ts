import { expect, it } from 'vitest';
import { runExample } from './support/run-example.js';

it('serves the state of the scheduler, runs a job on request, and stops in order on SIGTERM', async () => {
  const example = runExample('http-server.ts', [], { PORT: '0' });
  const [, origin = ''] = await example.printed(/Listening on (http:\S+)/);
  const get = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(origin + path, init);
    expect(response.headers.get('content-type')).toBe('application/json');
    return response.json();
  };

  expect(await get('/')).toMatchObject({ state: 'running' });
  expect(await get('/jobs')).toMatchObject([
    { id: 'cleanup', state: 'active', trigger: { interval: 2000 } },
    { id: 'weekday-report', state: 'active', trigger: { cron: '0 9 * * mon-fri', timezone: 'Europe/Paris' } },
  ]);
  expect(await get('/jobs/cleanup/run', { method: 'POST' })).toMatchObject({ result: { deleted: 3 } });
  expect(await get('/runs')).toContainEqual(
    expect.objectContaining({ jobId: 'cleanup', origin: 'manual', status: 'succeeded' }),
  );
  expect(await get('/upcoming')).toContainEqual(
    expect.objectContaining({ jobId: 'cleanup', task: 'clean-up' }),
  );
  expect(JSON.stringify(await get('/jobs/nobody/run', { method: 'POST' }))).toContain('nobody');
  expect((await fetch(`${origin}/elsewhere`)).status).toBe(404);

  example.process.kill('SIGTERM');
  const { code, signal, stdout, stderr } = await example.ended;
  expect(stderr).toBe('');
  expect(stdout).toMatch(/SIGTERM: stopping\nStopped\n$/);
  expect([code, signal]).toEqual([0, null]);
});
