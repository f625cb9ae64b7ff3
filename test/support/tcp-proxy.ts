import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** Waits for a chunk of bytes to the server, and does something about it then. */
interface Trap {
  readonly isFor: (bytes: Buffer) => boolean;
  readonly spring: (bytes: Buffer, link: Link) => void;
}

/** Is bytes that are on their way to the server and were not there yet when their sender was cut off. */
export interface HeldBytes {
  /** Lets the server have them, and waits until it has answered or is gone. */
  deliver(): Promise<void>;
}

/** Is one connection through the proxy. */
interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** Takes what the server sends, when the client does not. */
  onAnswer: (() => void) | null;
  /** Says whether what the client sends goes nowhere. */
  isDeaf: boolean;
}

/**
 * Stands between clients and a server, and breaks the network between them on demand.
 *
 * States: `passing` ⇄ `swallowing` (connections stay open, and no byte arrives); `refusing` (new connections are closed
 * at once). A connection that was swallowed from once stays dead: what it lost is not sent again.
 */
export class TcpProxy {
  /** Is the server's URL with the proxy's address in it. */
  readonly url: string;
  readonly #listener: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #links = new Set<Link>();
  readonly #traps = new Set<Trap>();
  #mode: 'passing' | 'swallowing' | 'refusing' = 'passing';

  private constructor(listener: Server, targetUrl: string) {
    const url = new URL(targetUrl);
    if (url.port === '') throw new Error(`Expected the URL of a server to name its port, got ${targetUrl}`);
    this.#target = { host: url.hostname, port: Number(url.port) };
    url.hostname = '127.0.0.1';
    url.port = String((listener.address() as AddressInfo).port);
    this.url = url.href;
    this.#listener = listener;
    listener.on('connection', (client) => this.#link(client));
  }

  /** Starts a proxy in front of the server that a URL names, with its port. */
  static async to(targetUrl: string): Promise<TcpProxy> {
    const listener = createServer({ noDelay: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    return new TcpProxy(listener, targetUrl);
  }

  /** Counts the connections that are open. */
  get connections(): number {
    return this.#links.size;
  }

  /** Discards all bytes both ways from now on; connections stay open, and new ones are accepted. */
  swallow(): void {
    this.#mode = 'swallowing';
  }

  /** Resets all connections; new ones are let through. */
  cut(): void {
    for (const link of this.#links) this.#break(link);
  }

  /** Resets all connections and all new ones, as if nobody listened. */
  refuse(): void {
    this.#mode = 'refusing';
    this.cut();
  }

  /**
   * Cuts the connection on which the next chunk of bytes to the server comes that a predicate is true of: `before` the
   * server has got it, or `after` the server has answered, an answer that the client never gets.
   *
   * A chunk is what the client wrote at once, or a part of it. Commands are looked for by their text:
   * `(bytes) => bytes.includes('COMMIT')`.
   *
   * @returns when the connection was cut
   */
  cutOn(isFor: (bytes: Buffer) => boolean, when: 'before' | 'after'): Promise<void> {
    return new Promise((resolve) => {
      const cut = (link: Link): void => {
        this.#break(link);
        resolve();
      };
      const spring = (bytes: Buffer, link: Link): void => {
        if (when === 'before') {
          cut(link);
          return;
        }
        link.isDeaf = true;
        link.onAnswer = () => cut(link);
        link.server.write(bytes);
      };
      this.#traps.add({ isFor, spring });
    });
  }

  /**
   * Cuts the client off as {@link TcpProxy.cutOn} does, but keeps the connection to the server and the chunk: it can be
   * delivered later, as by a network that is slow.
   *
   * @returns when the client was cut off
   */
  holdOn(isFor: (bytes: Buffer) => boolean): Promise<HeldBytes> {
    return new Promise((resolve) => {
      const spring = (bytes: Buffer, link: Link): void => {
        const isOver = new Promise<void>((over) => {
          link.onAnswer = over;
          link.server.once('close', () => over());
        });
        link.isDeaf = true;
        link.client.resetAndDestroy();
        const deliver = async (): Promise<void> => {
          link.server.write(bytes);
          await isOver;
          this.#break(link);
        };
        resolve({ deliver });
      };
      this.#traps.add({ isFor, spring });
    });
  }

  /** Lets bytes through again, and forgets the cuts that wait for their chunk; connections that lost bytes are cut. */
  heal(): void {
    if (this.#mode === 'swallowing') this.cut();
    this.#mode = 'passing';
    this.#traps.clear();
  }

  /** Cuts all connections and stops. */
  async close(): Promise<void> {
    this.refuse();
    if (!this.#listener.listening) return;
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #link(client: Socket): void {
    if (this.#mode === 'refusing') {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...this.#target, noDelay: true });
    const link: Link = { client, server, onAnswer: null, isDeaf: false };
    this.#links.add(link);
    client.on('data', (bytes) => {
      if (this.#mode === 'swallowing' || link.isDeaf) return;
      const trap = [...this.#traps].find(({ isFor }) => isFor(bytes));
      if (trap === undefined) {
        pass(bytes, client, server);
        return;
      }
      this.#traps.delete(trap);
      trap.spring(bytes, link);
    });
    server.on('data', (bytes) => {
      if (this.#mode === 'swallowing') return;
      if (link.onAnswer === null) pass(bytes, server, client);
      else link.onAnswer();
    });
    this.#endTogether(link, client, server);
    this.#endTogether(link, server, client);
  }

  #endTogether(link: Link, one: Socket, other: Socket): void {
    one.on('error', () => {});
    one.on('close', (isBroken) => {
      // A half-open connection knows nothing of the other side's end.
      if (this.#mode === 'swallowing' || (link.isDeaf && one === link.client)) return;
      this.#links.delete(link);
      if (isBroken) this.#break(link);
      else other.end();
    });
  }

  #break(link: Link): void {
    this.#links.delete(link);
    link.client.resetAndDestroy();
    link.server.destroy();
  }
}

function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
