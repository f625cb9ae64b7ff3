/** Gives numbers from 0 to 1 by chance, the same ones for a seed each time. */
export function diceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Gives one of some by chance. */
export function oneOf<T>(choices: readonly T[], dice: () => number): T | undefined {
  return choices[Math.floor(dice() * choices.length)];
}
