import type { ProgressReport } from '../stores/job-store.js';
import type { ActiveRun } from './active-run.js';
import type { StoreLink } from './store-link.js';

/**
 * Writes to one store how far attempts are: of several reports of an attempt the last, and one call at a time. A report
 * that could not be written is dropped, as the next says more. Ends are written apart from it, and do not wait for it.
 */
export class ProgressWriter {
  readonly #link: StoreLink;
  readonly #reports = new Map<ActiveRun, string>();
  #isBusy = false;

  /** Makes a writer for a store. */
  constructor(link: StoreLink) {
    this.#link = link;
  }

  /** Writes how far an attempt is, soon. */
  report(active: ActiveRun, progress: string): void {
    this.#reports.set(active, progress);
    this.#writeSoon();
  }

  #writeSoon(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#link.soon(() => {
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    const reports = [...this.#reports].map(
      ([{ record }, progress]): ProgressReport => ({ runId: record.id, attempt: record.attempt, progress }),
    );
    this.#reports.clear();
    try {
      // Closed by a shutdown that could not wait: a call would open it again.
      if (this.#link.isOpen) await this.#link.call((store) => store.reportProgress(this.#link.node, reports));
    } catch {
      // The link has told of it.
      await this.#link.pause();
    }
    this.#isBusy = false;
    if (this.#reports.size > 0) this.#writeSoon();
  }
}
