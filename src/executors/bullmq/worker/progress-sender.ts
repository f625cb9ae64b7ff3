import type { QueueJob } from '../bullmq.js';
import type { ProgressWord } from '../run-progress-word.js';

/** Sends how far a handler is, one word at a time; of what is told meanwhile the last is sent. */
export class ProgressSender {
  readonly #job: QueueJob;
  readonly #attempt: number;
  #next: ProgressWord | null = null;
  #sending: Promise<void> | null = null;

  /** Makes it for a queue job, and the attempt that it was made for. */
  constructor(job: QueueJob, attempt: number) {
    this.#job = job;
    this.#attempt = attempt;
  }

  /** Takes what a handler tells. */
  report(fraction: number, note: string | null): void {
    // PostgreSQL refuses NUL.
    this.#next = { attempt: this.#attempt, fraction, note: note?.replaceAll('\0', '') ?? null };
    this.#sending ??= this.#sendAll();
  }

  /** Waits until all has been sent that was told. */
  async sent(): Promise<void> {
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#next !== null) {
      const word = this.#next;
      this.#next = null;
      try {
        await this.#job.updateProgress(word);
      } catch {
        // The run goes on without.
      }
    }
    this.#sending = null;
  }
}
