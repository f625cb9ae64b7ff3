import { describe, inject, it } from 'vitest';
import type { ServerKind } from './server-engine.js';
import type { SharedServer } from './global-setup.js';

/**
 * Describes what holds on a server that all test files share; without such a server the suite is skipped, or fails
 * where servers are required.
 *
 * The server holds other tests' tables too: take names from `freshPrefix` or `freshDatabase`.
 */
export async function describeOnServer(
  kind: ServerKind,
  title: string,
  suite: (url: string) => void,
): Promise<void> {
  const server = await sharedServer(kind);
  if ('url' in server) {
    describe(title, () => suite(server.url));
  } else {
    describe(title, () => {
      it.skip(`is not tested: ${server.skipReason}`, () => {});
    });
  }
}

async function sharedServer(kind: ServerKind): Promise<SharedServer> {
  const response = await fetch(`${inject('sharedServersUrl')}/${kind}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as SharedServer;
}
