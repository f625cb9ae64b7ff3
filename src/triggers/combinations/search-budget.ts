/**
 * Is how many questions a search for a meeting of triggers may put to them. Those that fire once a day are followed for
 * 13 years. It is counted, not timed, so that an answer depends on the instant asked about alone.
 */
export const MEETING_QUESTIONS = 10_000;

/** Is how many questions a search for a fire time that is not excluded may put: through a day of seconds at least. */
export const EXCLUSION_QUESTIONS = 100_000;

/** Is how many questions may be put, once, to tell that a combination never fires: 130 years of days. */
export const CHECK_QUESTIONS = 100_000;

/** Bounds a search through triggers; the searches of triggers within triggers share one. */
export class SearchBudget {
  #left: number;

  /** Makes the budget of one search. */
  constructor(questions: number) {
    this.#left = questions;
  }

  /** Tells whether the search has to end: it has found nothing, and nothing is known of what lies beyond. */
  get exhausted(): boolean {
    return this.#left < 0;
  }

  /** Takes the price of a question, and tells whether it may be asked. */
  spend(price: number): boolean {
    this.#left -= price;
    return this.#left >= 0;
  }
}
