import type { RunContext } from '../../src/index.js';

/** Holds handlers until they are let go, and knows how many are inside. */
export class Gate {
  /** Holds the contexts of all that came, in order. */
  readonly contexts: RunContext[] = [];
  /** Is how many are inside. */
  inside = 0;
  /** Is how many were inside at most. */
  most = 0;
  readonly #waiting: { resolve(value: unknown): void; reject(error: unknown): void }[] = [];

  /** Counts all that came. */
  get entered(): number {
    return this.contexts.length;
  }

  /** Is the handler. */
  readonly handler = async (context: RunContext): Promise<unknown> => {
    this.contexts.push(context);
    this.inside++;
    this.most = Math.max(this.most, this.inside);
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
    } finally {
      this.inside--;
    }
  };

  /** Lets the first that waits go, with a result. */
  release(result?: unknown): void {
    this.#waiting.shift()?.resolve(result);
  }

  /** Lets all go that wait. */
  releaseAll(): void {
    while (this.#waiting.length > 0) this.release();
  }

  /** Makes the first that waits fail. */
  fail(error: unknown): void {
    this.#waiting.shift()?.reject(error);
  }
}
