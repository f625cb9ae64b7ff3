// Measures once and tells the parent process; see child.ts.

import type { Benchmark } from './benchmark.js';
import type { Answer, Question } from './child.js';

const { module, name, params } = JSON.parse(process.argv[2] ?? '') as Question;
const exported = (await import(module)) as Record<string, Benchmark<unknown>>;
const answer = await measure();
// Libraries that were measured may hold the process open.
process.send?.(answer, () => process.exit());

async function measure(): Promise<Answer> {
  try {
    const benchmark = Object.values(exported).find((candidate) => candidate.name === name);
    if (benchmark === undefined) return { failure: `there is no benchmark ${name} in ${module}` };
    return { figures: await benchmark.measure(params) };
  } catch (error) {
    return { failure: String(error).split('\n')[0] ?? '' };
  }
}
