/**
 * Sets of small numbers as bits. Sets of up to 64 are two 32-bit integers, `low` for 0 to 31 and `high` for 32 to 63;
 * -1 stands for "none".
 */

/** Gives the least member of a set that is not empty. */
export function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** Counts the members. */
export function countBits(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Gives the least member from `from` on, which is 0 to 63. */
export function nextBit(low: number, high: number, from: number): number {
  if (from < 32) {
    const rest = low & (-1 << from);
    if (rest !== 0) return lowestBit(rest);
    return high === 0 ? -1 : 32 + lowestBit(high);
  }
  const rest = high & (-1 << from);
  return rest === 0 ? -1 : 32 + lowestBit(rest);
}

/** Gives the greatest member up to `until`, which is -1 to 63. */
export function previousBit(low: number, high: number, until: number): number {
  if (until >= 32) {
    const rest = high & (-1 >>> (63 - until));
    if (rest !== 0) return 63 - Math.clz32(rest);
    return 31 - Math.clz32(low);
  }
  return until < 0 ? -1 : 31 - Math.clz32(low & (-1 >>> (31 - until)));
}

/** Counts the members below `end`, which is 0 to 63. */
export function countBitsBelow(low: number, high: number, end: number): number {
  if (end < 32) return countBits(low & ~(-1 << end));
  return countBits(low) + countBits(high & ~(-1 << end));
}

/** Tells whether a number from 0 to 63 is a member. */
export function hasBit(low: number, high: number, value: number): boolean {
  return (((value < 32 ? low : high) >>> value) & 1) === 1;
}

/** Makes the set of the numbers from `base` to `base` + 31 among these, less `base`. */
export function bitsOf(values: Iterable<number>, base = 0): number {
  let mask = 0;
  for (const value of values) if (value >= base && value < base + 32) mask |= 1 << (value - base);
  return mask;
}
