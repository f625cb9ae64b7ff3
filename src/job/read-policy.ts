import { InvalidOptionError } from '../errors/input-errors.js';
import { MAX_CATCH_UP } from './job-policy.js';
import type { JobPolicy } from './job-policy.js';

type Check = (value: unknown) => boolean;

const isWhole =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
const isLimit =
  (min: number): Check =>
  (value) =>
    value === null || isWhole(min)(value);
const isShare: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const isOneOf =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value);

const CHECKS: { readonly [K in keyof JobPolicy]: Check } = {
  coalesce: isOneOf('latest', 'earliest', false),
  graceMs: isLimit(0),
  catchUpLimit: isWhole(1, MAX_CATCH_UP),
  overlap: isOneOf('skip', 'queue', 'queueAll', 'cancelRunning'),
  timeoutMs: isLimit(1),
  retry: (value) => value === null || isRetry(value),
  recovery: isOneOf('rerun', 'abandon'),
  jitterMs: isWhole(0),
  expiresAfterMs: isLimit(1),
};

/**
 * Reads a policy from the text that a store gave.
 *
 * @throws {@link InvalidOptionError} or a `SyntaxError` when the text is not a policy: somebody changed the row
 */
export function readPolicy(text: string): JobPolicy {
  const policy: unknown = JSON.parse(text);
  if (typeof policy !== 'object' || policy === null)
    throw new InvalidOptionError('policy', 'an object', policy);
  for (const [key, check] of Object.entries(CHECKS)) {
    const value: unknown = (policy as Record<string, unknown>)[key];
    if (!check(value)) throw new InvalidOptionError(`policy.${key}`, 'what this library writes', value);
  }
  return policy as JobPolicy;
}

function isRetry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { attempts, delayMs, backoff, maxDelayMs, jitter } = value as Record<string, unknown>;
  const isBackoff = isOneOf('fixed', 'linear', 'exponential');
  return (
    isWhole(1)(attempts) &&
    isWhole(0)(delayMs) &&
    isWhole(0)(maxDelayMs) &&
    isShare(jitter) &&
    isBackoff(backoff)
  );
}
