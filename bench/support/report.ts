import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { AnyBenchmark, Effort, Result, Target } from './benchmark.js';
import { runBenchmark } from './run-benchmark.js';

const USAGE = `Options:
  --json          prints one JSON object instead of a table
  --only a,b      runs these benchmarks only
  --quick         measures once and briefly
  --repeats n     measures n times (default 3) and prints medians
  --no-peers      measures nobody else
  --durable       has Redis keep what it is told, in a file that is synced every second`;

/** Starts what benchmarks of some names need, and gives a function that stops it. */
export type SetUp = (names: ReadonlySet<string>, isDurable: boolean) => Promise<() => Promise<void>>;

/**
 * Runs benchmarks as the command line says and prints the results: with `--json` one object
 * `{ node, cpus, isDurable, results }` and nothing else on standard output, without it a table. Progress goes to standard error.
 */
export async function report(
  benchmarks: readonly AnyBenchmark[],
  setUp: SetUp = setUpNothing,
): Promise<void> {
  const options = readOptions(benchmarks.map(({ name }) => name));
  if (options === null) return;
  const results: Result[] = [];
  const tearDown = await setUp(options.only, options.isDurable);
  try {
    for (const benchmark of benchmarks) {
      if (options.only.has(benchmark.name))
        results.push(...(await runBenchmark(benchmark, options.effort, tell)));
    }
  } finally {
    await tearDown();
  }
  const node = process.version;
  const cores = cpus();
  if (options.isJson)
    console.log(
      JSON.stringify(
        { node, cpus: cores.length, isDurable: options.isDurable, results: results.map(toJson) },
        null,
        2,
      ),
    );
  else
    console.log(
      `Node ${node} on ${cores.length} × ${cores[0]?.model.trim() ?? 'unknown'}\n\n${tableOf(results)}`,
    );
}

function setUpNothing(): Promise<() => Promise<void>> {
  return Promise.resolve(() => Promise.resolve());
}

interface Options {
  readonly only: ReadonlySet<string>;
  readonly effort: Effort;
  readonly isJson: boolean;
  readonly isDurable: boolean;
}

/** Reads the command line; `null`: it cannot be followed, and that has been said. */
function readOptions(names: readonly string[]): Options | null {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        only: { type: 'string', default: names.join() },
        quick: { type: 'boolean', default: false },
        repeats: { type: 'string' },
        'no-peers': { type: 'boolean', default: false },
        durable: { type: 'boolean', default: false },
      },
    });
    const only = new Set(values.only.split(','));
    const unknown = [...only].find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Error(`There is no benchmark ${unknown}; there are ${names.join(', ')}.`);
    const repeats = Number(values.repeats ?? (values.quick ? 1 : 3));
    if (!(Number.isInteger(repeats) && repeats >= 1))
      throw new Error('--repeats takes a whole number of at least 1.');
    return {
      only,
      isJson: values.json,
      isDurable: values.durable,
      effort: { repeats, isQuick: values.quick, withPeers: !values['no-peers'] },
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** In JSON a target is a number; the unit tells which way it points. */
function toJson({ target, ...result }: Result): object {
  return target === undefined
    ? result
    : { ...result, target: 'atLeast' in target ? target.atLeast : target.atMost };
}

function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.name,
    result.case,
    result.peer ?? 'escapement',
    result.value === null ? '–' : result.value.toLocaleString('en'),
    result.unit,
    verdictOn(result) + (result.note ?? ''),
  ]);
  const table = [['name', 'case', 'who', 'value', 'unit', 'target'], ...rows];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return table.map(lineOf).join('\n');
}

function verdictOn({ value, target }: Result): string {
  if (target === undefined) return '';
  const sign = value !== null && isMet(value, target) ? '✓' : '✗';
  return 'atLeast' in target
    ? `${sign} ≥ ${target.atLeast.toLocaleString('en')}`
    : `${sign} ≤ ${target.atMost.toLocaleString('en')}`;
}

function isMet(value: number, target: Target): boolean {
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}
