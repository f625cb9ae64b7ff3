import { toRun } from '../job/run.js';
import type { Environment } from './environment.js';
import type { PeerWatch } from './peer-watch.js';
import type { StoreLink } from './store-link.js';

/** Takes from dead nodes what they ran, so that it is run again. */
export class Recovery {
  readonly #env: Environment;
  readonly #link: StoreLink;
  readonly #expect: (at: number) => void;
  #convicting: Promise<void> | null = null;

  /**
   * Makes it for a store.
   *
   * @param expect - looks for work when the store's clock shows an instant
   */
  constructor(env: Environment, link: StoreLink, expect: (at: number) => void) {
    this.#env = env;
    this.#link = link;
    this.#expect = expect;
  }

  /** Recovers the runs of the nodes that a watch has just seen to be dead. */
  convict(peers: PeerWatch): void {
    const dead = peers.dead();
    if (dead.length === 0 || this.#convicting !== null) return;
    for (const node of dead) peers.forget(node);
    this.#convicting = this.#recoverAll(dead).then(() => {
      this.#convicting = null;
    });
  }

  /** Waits until nobody is being convicted. */
  async settled(): Promise<void> {
    await this.#convicting;
  }

  /** Recovers the runs of a node that is dead. */
  async recover(node: string): Promise<void> {
    const runs = await this.#link.call((store) => store.recover(node));
    if (runs.length === 0) return;
    this.#env.logger.warn(
      { node, store: this.#link.name, runs: runs.length },
      'The runs of a dead node were recovered',
    );
    for (const run of runs) {
      if (run.status === 'lost')
        this.#env.events.emit('run:lost', () => ({ run: toRun(run, this.#link.name) }));
    }
    this.#expect(this.#link.now());
  }

  async #recoverAll(nodes: readonly string[]): Promise<void> {
    for (const node of nodes) {
      try {
        await this.recover(node);
      } catch {
        // The link has told of it; the node is seen again with the next heartbeat.
      }
    }
  }
}
