import type { PermitRequest, Permits, ReturnedPermits } from '../job-store.js';
import { RETURN_PERMITS, TAKE_PERMITS } from './lua/permits.js';
import type { OpenRedis } from './open-redis.js';

type PermitsReply = [now: number, granted: number, nextAt: number | ''];

/** Takes permits, as {@link JobStore.takePermits} says. */
export async function takePermits(
  { session }: OpenRedis,
  { key, wanted, max, perMs }: PermitRequest,
): Promise<Permits> {
  const reply = await session.run(TAKE_PERMITS, [key, wanted, max, perMs]);
  const [now, granted, nextAt] = reply as PermitsReply;
  return { now, granted, nextAt: nextAt === '' ? null : nextAt };
}

/** Gives permits back, as {@link JobStore.returnPermits} says. */
export async function returnPermits(
  { session }: OpenRedis,
  { key, count, takenAt }: ReturnedPermits,
): Promise<void> {
  await session.run(RETURN_PERMITS, [key, count, takenAt]);
}
