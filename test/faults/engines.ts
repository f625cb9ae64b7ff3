import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, whyNoServer } from '../support/servers.js';
import type { PrivateServer, ServerKind, ServerSettings } from '../support/servers.js';
import { freshPrefix } from '../support/servers/fresh-names.js';
import type { StorePlace } from './nodes/node-config.js';
import type { EngineName, Scenario } from './scenario.js';

/** Is where a scenario takes place. */
interface ScenarioPlace {
  readonly place: StorePlace;
  /** Is the server that keeps the jobs; `null`: a file does. */
  readonly server: PrivateServer | null;
  /** Is the server of the queue; `null`: the scenario has none. */
  readonly queue: PrivateServer | null;
}

/** Gives scenarios a place for their jobs: a server is started when the first of them asks for one of its settings. */
export class Engines {
  readonly #servers = new Map<string, PrivateServer>();

  /** Gives why there is nothing that a scenario needs on an engine; `null`: there is. */
  missing(engine: EngineName, { hasQueue = false }: Scenario): string | null {
    const missing = engine === 'sqlite' ? null : whyNoServer(engine);
    return missing ?? (hasQueue ? whyNoServer('redis') : null);
  }

  /** Gives a place of a scenario's own; a server that a scenario left in a bad state is up again. */
  async place(
    engine: EngineName,
    folder: string,
    { server: settings = {}, hasQueue = false }: Pick<Scenario, 'server' | 'hasQueue'>,
  ): Promise<ScenarioPlace> {
    const prefix = freshPrefix();
    const queue = hasQueue ? await this.#server('queue', 'redis', {}) : null;
    if (engine === 'sqlite') {
      // In a folder of its own, on which a small disk can be mounted.
      mkdirSync(join(folder, 'disk'));
      return { place: { engine, at: join(folder, 'disk', 'jobs.db'), prefix }, server: null, queue };
    }
    const server = await this.#server('store', engine, settings);
    return { place: { engine, at: server.url, prefix }, server, queue };
  }

  /** Ends the servers. */
  async dispose(): Promise<void> {
    for (const server of this.#servers.values()) await server.dispose();
  }

  async #server(role: string, kind: ServerKind, settings: Partial<ServerSettings>): Promise<PrivateServer> {
    const key = JSON.stringify([role, kind, settings]);
    const server = this.#servers.get(key) ?? (await startServer(kind, settings));
    this.#servers.set(key, server);
    server.resume();
    await server.start();
    return server;
  }
}
