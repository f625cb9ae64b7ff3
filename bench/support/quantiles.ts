import type { Figure, Target } from './benchmark.js';
import { percentile } from './median.js';

const SHARES = { p50: 0.5, p99: 0.99, max: 1 };

/** Gives the middle, the edge and the end of a distribution, in milliseconds. */
export function quantilesOf(
  label: string,
  late: readonly number[],
  targets: Readonly<Record<string, Target>> = {},
): Figure[] {
  const sorted = Float64Array.from(late).sort();
  return Object.entries(SHARES).map(([name, share]): Figure => {
    const figure = { case: `${label}, ${name}`, value: percentile(sorted, share), unit: 'ms' };
    const target = targets[figure.case];
    return target === undefined ? figure : { ...figure, target };
  });
}
