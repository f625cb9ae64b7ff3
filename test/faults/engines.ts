import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, whyNoServer } from '../support/servers.js';
import type { PrivateServer, ServerSettings } from '../support/servers.js';
import { freshPrefix } from '../support/servers/fresh-names.js';
import type { StorePlace } from './nodes/node-config.js';
import type { EngineName } from './scenario.js';

/** Gives scenarios a place for their jobs: a server is started when the first of them asks for one of its settings. */
export class Engines {
  readonly #servers = new Map<string, PrivateServer>();

  /** Gives why there is no engine of a name; `null`: there is one. */
  missing(engine: EngineName): string | null {
    return engine === 'sqlite' ? null : whyNoServer(engine);
  }

  /** Gives a place of a scenario's own; a server that a scenario left in a bad state is up again. */
  async place(
    engine: EngineName,
    folder: string,
    settings: Partial<ServerSettings> = {},
  ): Promise<{ readonly place: StorePlace; readonly server: PrivateServer | null }> {
    const prefix = freshPrefix();
    if (engine === 'sqlite') {
      // In a folder of its own, on which a small disk can be mounted.
      mkdirSync(join(folder, 'disk'));
      return { place: { engine, at: join(folder, 'disk', 'jobs.db'), prefix }, server: null };
    }
    const key = JSON.stringify([engine, settings]);
    const server = this.#servers.get(key) ?? (await startServer(engine, settings));
    this.#servers.set(key, server);
    server.resume();
    await server.start();
    return { place: { engine, at: server.url, prefix }, server };
  }

  /** Ends the servers. */
  async dispose(): Promise<void> {
    for (const server of this.#servers.values()) await server.dispose();
  }
}
