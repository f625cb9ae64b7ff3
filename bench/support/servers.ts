import { startServer, type ServerSettings } from '../../test/support/servers.js';

/** Names the servers that are measured on. */
export type ServerName = 'postgres' | 'mysql' | 'redis';

/** Is what differs from the servers' defaults, beside where they are: room for eight processes with pools of 25. */
const SETTINGS: Readonly<Record<ServerName, Partial<ServerSettings>>> = {
  postgres: { config: { max_connections: '300' } },
  mysql: {},
  redis: { durable: false, config: { save: '' } },
};

/**
 * Starts servers of our own, the same for all that is measured, unless the environment names some. What is committed is
 * on the disk, but for Redis, which keeps nothing.
 *
 * @param config - what else is set on all of them
 * @returns a function that stops them
 */
export async function startServers(
  names: readonly ServerName[],
  config: Readonly<Record<string, string>> = {},
): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  for (const name of names) {
    if (process.env[variableOf(name)] !== undefined) continue;
    const settings = SETTINGS[name];
    const server = await startServer(name, { ...settings, config: { ...settings.config, ...config } });
    // The processes that measure inherit it.
    process.env[variableOf(name)] = server.url;
    stops.push(() => server.dispose());
  }
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Gives the URL of a server that was started. */
export function serverUrl(name: ServerName): string {
  const url = process.env[variableOf(name)];
  if (url === undefined) throw new Error(`There is no ${name} server`);
  return url;
}

function variableOf(name: ServerName): string {
  return `ESCAPEMENT_BENCH_${name.toUpperCase()}_URL`;
}
