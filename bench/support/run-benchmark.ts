import type { AnyBenchmark, Effort, Figure, Probe, Result } from './benchmark.js';
import { measureInChild } from './child.js';
import { median } from './median.js';

/** Measures all that a benchmark has to measure, one process after another. */
export async function runBenchmark(
  benchmark: AnyBenchmark,
  effort: Effort,
  onProgress: (text: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const probe of benchmark.probes(effort)) {
    if (probe.peer !== undefined && !effort.withPeers) continue;
    onProgress(`${benchmark.name}: ${probe.label}${probe.peer === undefined ? '' : `, ${probe.peer}`}`);
    results.push(...(await runProbe(benchmark, probe, effort.repeats)));
  }
  return [...results, ...(benchmark.derive?.(results) ?? [])];
}

async function runProbe(benchmark: AnyBenchmark, probe: Probe<unknown>, repeats: number): Promise<Result[]> {
  const { name } = benchmark;
  const whose = probe.peer === undefined ? {} : { peer: probe.peer };
  const measured: Figure[][] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const answer = await measureInChild(benchmark, probe);
    // What died once would die again, and may have taken minutes to.
    if ('failure' in answer)
      return [{ name, case: probe.label, value: null, unit: '', ...whose, note: answer.failure }];
    measured.push([...answer.figures]);
  }
  return (measured[0] ?? []).map((figure, at) => {
    const values = measured.map((figures) => figures[at]?.value ?? NaN);
    return { name, ...figure, ...whose, value: readable(median(values)) };
  });
}

/** Cuts a figure to four digits: more would pretend. */
function readable(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4));
}
