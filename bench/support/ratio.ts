import type { Result, Target } from './benchmark.js';

/** Makes a result that is one figure by another; `null`: one of them is not there. */
export function ratio(name: string, label: string, value: number, target?: Target): Result | null {
  if (Number.isNaN(value)) return null;
  const result = { name, case: label, value: Number(value.toPrecision(3)), unit: '×' };
  return target === undefined ? result : { ...result, target };
}

/** Gives the figure of a case; `NaN`: there is none. */
export function valueOf(results: readonly Result[], label: string, peer?: string): number {
  return results.find((result) => result.case === label && result.peer === peer)?.value ?? NaN;
}
