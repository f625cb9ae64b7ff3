import { createRequire } from 'node:module';
import { loadPeer } from '../internal/load-peer.js';

const require = createRequire(import.meta.url);

/** Is cronstrue with its languages, by the part of it that is used here. */
export interface Cronstrue {
  /** Holds the languages by their names: `en`, `zh_CN`. */
  readonly locales: Readonly<Record<string, unknown>>;
  /** Puts an expression into words. */
  toString(
    expression: string,
    options: { readonly locale: string; readonly logicalAndDayFields: boolean },
  ): string;
}

/**
 * Gives cronstrue.
 *
 * @throws `MissingPeerError` when it is not installed
 */
export function loadCronstrue(): Cronstrue {
  const module = loadPeer('cronstrue', 'describeTrigger', () => require('cronstrue/i18n'));
  return (module as { readonly default: Cronstrue }).default;
}
