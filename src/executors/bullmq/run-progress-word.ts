/** Is how far a handler is, as its worker tells it. */
export interface ProgressWord {
  /** Is the attempt that the queue job was made for. */
  readonly attempt: number;
  readonly fraction: number;
  readonly note: string | null;
}

/** Reads how far a handler is; `null`: somebody else said something. */
export function readProgress(word: unknown): ProgressWord | null {
  const { attempt, fraction, note } = (word ?? {}) as Partial<Record<keyof ProgressWord, unknown>>;
  const isFraction = typeof fraction === 'number' && fraction >= 0 && fraction <= 1;
  if (typeof attempt !== 'number' || !isFraction) return null;
  return { attempt, fraction, note: typeof note === 'string' ? note : null };
}
