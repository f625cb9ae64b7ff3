import type { Trigger } from './trigger.js';

/** Tells a trigger from a record or anything else. */
export function isTrigger(input: unknown): input is Trigger {
  if (typeof input !== 'object' || input === null) return false;
  const { kind, next, toJSON } = input as Partial<Record<keyof Trigger, unknown>>;
  return typeof kind === 'string' && typeof next === 'function' && typeof toJSON === 'function';
}
