import type { FleetOrder } from '../support/fleet.js';
import type { SqlContender } from './contender.js';

/** Loads the contenders, each where it is measured only. The names of ours say what is added, and how it is run. */
export const CONTENDERS = {
  'one-off jobs': async () => (await import('./escapement.js')).escapement({ kind: 'jobs' }),
  'one-off jobs, concurrency 1000': async () =>
    (await import('./escapement.js')).escapement({ kind: 'jobs', concurrency: 1000 }),
  'enqueued runs': async () => (await import('./escapement.js')).escapement({ kind: 'enqueued' }),
  'enqueued runs, concurrency 1000': async () =>
    (await import('./escapement.js')).escapement({ kind: 'enqueued', concurrency: 1000 }),
  'graphile-worker': async () => (await import('./graphile-worker.js')).graphileWorker('as it comes'),
  'graphile-worker, concurrency 10': async () =>
    (await import('./graphile-worker.js')).graphileWorker('concurrency 10'),
  'graphile-worker, local queue': async () =>
    (await import('./graphile-worker.js')).graphileWorker('local queue'),
  'pg-boss': async () => (await import('./pg-boss.js')).pgBoss('as it comes'),
  'pg-boss, a look every 500 ms': async () => (await import('./pg-boss.js')).pgBoss('polling'),
  'pg-boss, fetch by 100': async () => (await import('./pg-boss.js')).pgBoss(100),
  'pg-boss, fetch by 1000': async () => (await import('./pg-boss.js')).pgBoss(1000),
} satisfies Readonly<Record<string, () => Promise<SqlContender>>>;

/** Names a contender. */
export type ContenderName = keyof typeof CONTENDERS;

/** Gives a contender. */
export function loadContender(name: ContenderName): Promise<SqlContender> {
  return CONTENDERS[name]();
}

/** Says what processes are started with that run a contender. */
export function fleetOrder(who: ContenderName, url: string): FleetOrder {
  return { module: import.meta.url, who, url };
}

/** Tells whether a contender is ours. */
export function isOurs(name: ContenderName): boolean {
  return name.startsWith('one-off jobs') || name.startsWith('enqueued runs');
}
