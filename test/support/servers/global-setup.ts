import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { givenServerUrl, startServer, whyNoServer } from '../servers.js';
import type { PrivateServer, ServerKind } from '../servers.js';

/** Is what a test file is told about the server of a kind: where it is, or why there is none. */
export type SharedServer = { readonly url: string } | { readonly skipReason: string };

declare module 'vitest' {
  interface ProvidedContext {
    /** Is where test files ask for servers. */
    readonly sharedServersUrl: string;
  }
}

/** Serves all test files of one run of Vitest: each kind of server is started when the first of them asks for it. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const answers = new Map<string, Promise<SharedServer>>();
  const started: PrivateServer[] = [];
  const broker = createServer((request, response) => {
    const kind = (request.url ?? '').slice(1) as ServerKind;
    const answer = answers.get(kind) ?? find(kind, started);
    answers.set(kind, answer);
    answer.then(
      (server) => response.end(JSON.stringify(server)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  project.provide('sharedServersUrl', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  return async () => {
    broker.close();
    broker.closeAllConnections();
    await Promise.allSettled(answers.values());
    await Promise.all(started.map((server) => server.dispose()));
  };
}

async function find(kind: ServerKind, started: PrivateServer[]): Promise<SharedServer> {
  const given = givenServerUrl(kind);
  if (given !== null) return { url: given };
  const missing = whyNoServer(kind);
  if (missing === null) {
    const server = await startServer(kind, { durable: false });
    started.push(server);
    return { url: server.url };
  }
  const reason = `no ${kind} server: ESCAPEMENT_TEST_${kind.toUpperCase()}_URL is not set, and ${missing}`;
  if (process.env['ESCAPEMENT_REQUIRE_SERVERS'] === '1')
    throw new Error(`Tests need servers, but: ${reason}`);
  console.warn(`Tests are skipped: ${reason}`);
  return { skipReason: reason };
}
