import type { FleetOrder } from '../support/fleet.js';
import type { OnFire, RedisContender, ScheduleKeeper } from './contender.js';

/** Loads the contenders, each where it is measured only. The names of ours say what is added. */
export const CONTENDERS = {
  'one-off jobs': async () => (await import('./escapement.js')).escapement('jobs'),
  'enqueued runs': async () => (await import('./escapement.js')).escapement('enqueued'),
  bullmq: async () => (await import('./bullmq.js')).bullmq('as it comes'),
  'bullmq, removes all': async () => (await import('./bullmq.js')).bullmq('removes all'),
  'bullmq, keeps 1000': async () => (await import('./bullmq.js')).bullmq('keeps 1000'),
} satisfies Readonly<Record<string, () => Promise<RedisContender>>>;

/** Names a contender. */
export type ContenderName = keyof typeof CONTENDERS;

/** Gives a contender. */
export function loadContender(name: ContenderName): Promise<RedisContender> {
  return CONTENDERS[name]();
}

/** Says what processes are started with that run a contender. */
export function fleetOrder(who: ContenderName, url: string): FleetOrder {
  return { module: import.meta.url, who, url };
}

const KEEPERS = {
  'by a call each': async (url, onFire) =>
    (await import('./escapement.js')).escapementSchedules(url, onFire, 'by a call each'),
  'in one call': async (url, onFire) =>
    (await import('./escapement.js')).escapementSchedules(url, onFire, 'in one call'),
  bullmq: async (url, onFire) => (await import('./bullmq.js')).bullmqSchedules(url, onFire),
} satisfies Readonly<Record<string, (url: string, onFire: OnFire) => Promise<ScheduleKeeper>>>;

/** Names one who keeps schedules. */
export type KeeperName = keyof typeof KEEPERS;

/** Opens a process that keeps schedules; it waits to be told to run what they fire. */
export function openKeeper(name: KeeperName, url: string, onFire: OnFire): Promise<ScheduleKeeper> {
  return KEEPERS[name](url, onFire);
}

/** Tells whether somebody is ours. */
export function isOurs(name: ContenderName | KeeperName): boolean {
  return !name.startsWith('bullmq');
}
