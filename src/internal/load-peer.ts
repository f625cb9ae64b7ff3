import { MissingPeerError } from '../errors/missing-peer-error.js';

/**
 * Loads an optional peer where it is used, at once: by `require`, because a trigger is made in one synchronous step.
 *
 * @param peer - the package's name
 * @param feature - what needs it, to begin a sentence
 * @param load - requires it
 * @throws {@link MissingPeerError} when the package is not installed
 */
export function loadPeer(peer: string, feature: string, load: () => unknown): unknown {
  try {
    return load();
  } catch (error) {
    if (!isMissing(error, peer)) throw error;
    throw new MissingPeerError(peer, feature, { cause: error });
  }
}

/** Tells whether the package itself was not found, rather than one that it needs. */
function isMissing(error: unknown, peer: string): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === 'MODULE_NOT_FOUND' && typeof message === 'string' && message.includes(`'${peer}`);
}
