import type { Trigger } from './trigger.js';

/** Gives the zone of a trigger's wall clock; `undefined` when it has none, or several. */
export function zoneOf(trigger: Trigger): string | undefined {
  const { timezone } = trigger as { timezone?: unknown };
  return typeof timezone === 'string' ? timezone : undefined;
}
