import { hashText } from '../internal/hash.js';
import type { Trigger } from '../triggers/trigger.js';
import { nextAfter } from './sound-times.js';

/**
 * Gives when a fire time comes due: the time plus a jitter below `jitterMs` and below the gap to the following fire
 * time, so that the order of fire times is kept. It is a hash of job and time: the same on every node.
 */
export function dueTime(jobId: string, trigger: Trigger, fireAt: number, jitterMs: number): number {
  if (jitterMs <= 0) return fireAt;
  const following = nextAfter(trigger, fireAt);
  const span = following === null ? jitterMs : Math.min(jitterMs, following - fireAt);
  return fireAt + Math.floor((hashText(`${jobId}@${String(fireAt)}`) / 2 ** 32) * span);
}
