import type { Logger } from '../internal/logger.js';
import type { RunProgress } from '../job/run.js';

/** Is called with how far a run says that it is; it may be asynchronous. */
export type ProgressCallback = (progress: RunProgress) => unknown;

/** Tells somebody how far a run is, each time that it says something new. */
export class ProgressWatch {
  readonly #callback: ProgressCallback;
  readonly #logger: Logger;
  #last: string | null = null;

  /** Makes a watch that has seen nothing. */
  constructor(callback: ProgressCallback, logger: Logger) {
    this.#callback = callback;
    this.#logger = logger;
  }

  /** Takes what a run says, as JSON text; `null`: nothing. */
  see(progress: string | null): void {
    if (progress === null || progress === this.#last) return;
    this.#last = progress;
    void this.#tell(progress);
  }

  async #tell(progress: string): Promise<void> {
    try {
      await this.#callback(JSON.parse(progress) as RunProgress);
    } catch (error) {
      this.#logger.error({ err: error }, 'A listener to the progress of a run threw');
    }
  }
}
