import type { SearchBudget } from '../combinations/search-budget.js';

/** Is a rule that excludes instants, in epoch milliseconds. */
export interface Exclusion {
  /**
   * Gives `at` when it is not excluded; otherwise a later instant, up to which all others are excluded too. That one
   * itself may be excluded, so that it has to be asked again.
   */
  skipForwards(at: number, budget: SearchBudget): number;
  /** Is the mirror of {@link Exclusion.skipForwards}. */
  skipBackwards(at: number, budget: SearchBudget): number;
}
