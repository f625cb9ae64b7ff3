import { StoreNotReplicatedError } from '../../../errors/store-errors.js';
import type { RedisLink } from './redis-link.js';
import type { WaitLimits } from '../redis-options.js';

/**
 * Waits until replicas have what was written on a connection. One wait is on its way at a time, and whatever is written
 * meanwhile shares the next: each holds up all that comes after it on the connection.
 */
export class ReplicaWait {
  readonly #link: RedisLink;
  readonly #limits: WaitLimits;
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  /** Makes it for a connection. */
  constructor(link: RedisLink, limits: WaitLimits) {
    this.#link = link;
    this.#limits = limits;
  }

  /**
   * Waits for what has been answered on the connection so far.
   *
   * @throws {@link StoreNotReplicatedError} when too few replicas acknowledged it in time
   */
  async acknowledged(): Promise<void> {
    if (this.#current === null) return this.#begin();
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = null;
    const current = this.#wait().finally(() => {
      if (this.#current === current) this.#current = null;
    });
    this.#current = current;
    return current;
  }

  async #wait(): Promise<void> {
    const { replicas, timeoutMs } = this.#limits;
    const acknowledged = Number(await this.#link.send('wait', [String(replicas), String(timeoutMs)]));
    if (acknowledged < replicas) throw new StoreNotReplicatedError(acknowledged, replicas, timeoutMs);
  }
}
