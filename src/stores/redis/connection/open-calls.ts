import { systemClock } from '../../../time/system-clock.js';

/** Holds the process open while calls wait for an answer; the connections themselves do not. */
export class OpenCalls {
  #count = 0;
  #letGo: (() => void) | null = null;

  /** Does something that is waited for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count++;
    this.#letGo ??= systemClock.holdOpen();
    try {
      return await work();
    } finally {
      this.#count--;
      if (this.#count === 0) {
        this.#letGo();
        this.#letGo = null;
      }
    }
  }
}
