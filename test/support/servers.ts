import { mysqlEngine } from './servers/mysql-engine.js';
import { postgresEngine } from './servers/postgres-engine.js';
import { PrivateServer } from './servers/private-server.js';
import { redisEngine } from './servers/redis-engine.js';
import type { ServerEngine, ServerKind, ServerSettings } from './servers/server-engine.js';

export type { ServerKind, ServerSettings } from './servers/server-engine.js';
export type { PrivateServer } from './servers/private-server.js';

const engines: Readonly<Record<ServerKind, ServerEngine>> = {
  postgres: postgresEngine,
  mysql: mysqlEngine,
  redis: redisEngine,
};

/**
 * Starts a server of the caller's own from the binaries on this machine; the caller disposes of it.
 *
 * @param settings - by default a commit is on the disk when it is answered
 */
export async function startServer(
  kind: ServerKind,
  settings: Partial<ServerSettings> = {},
): Promise<PrivateServer> {
  return PrivateServer.launch(engines[kind], { durable: true, config: {}, ...settings });
}

/** Gives why a private server of a kind cannot be started on this machine; `null`: it can. */
export function whyNoServer(kind: ServerKind): string | null {
  return engines[kind].missing();
}

/** Gives the server that the environment names for tests of a kind; `null`: none. */
export function givenServerUrl(kind: ServerKind): string | null {
  const url = process.env[`ESCAPEMENT_TEST_${kind.toUpperCase()}_URL`];
  return url === undefined || url === '' ? null : url;
}
