import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { AnyBenchmark, Figure, Probe } from './benchmark.js';

/** Is what a child process is asked for. */
export interface Question {
  /** Is the module that exports the benchmark. */
  readonly module: string;
  /** Names the benchmark. */
  readonly name: string;
  /** Are the arguments of its measurement. */
  readonly params: unknown;
}

/** Is what came of a child process: its figures, or why there are none. */
export type Answer = { readonly figures: readonly Figure[] } | { readonly failure: string };

const CHILD = fileURLToPath(new URL('./child-main.ts', import.meta.url));
const TIMEOUT_MS = 120_000;
/** Is the heap that every measurement gets, in megabytes, so that the figures do not depend on the machine's memory. */
const HEAP_MB = 4096;

/**
 * Measures once, in a process of its own: heap, event loop and compiled code are nobody else's. A process that dies or
 * takes too long is an answer like any other.
 */
export function measureInChild(benchmark: AnyBenchmark, probe: Probe<unknown>): Promise<Answer> {
  const { timeoutMs = TIMEOUT_MS, nodeOptions = [], params } = probe;
  const question: Question = { module: benchmark.module, name: benchmark.name, params };
  const child = fork(CHILD, [JSON.stringify(question)], {
    execArgv: ['--import', 'tsx', '--expose-gc', `--max-old-space-size=${HEAP_MB}`, ...nodeOptions],
    // Most peers know the host's zone only.
    env: { ...process.env, TZ: 'UTC' },
    // What the libraries print is no result.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve) => {
    let lastWords = '';
    let answer: Answer | null = null;
    const timer = setTimeout(() => {
      answer ??= { failure: `took longer than ${timeoutMs / 1000} s` };
      child.kill('SIGKILL');
    }, timeoutMs);
    child.stderr?.on('data', (text: Buffer) => {
      lastWords = (lastWords + text.toString()).slice(-4000);
    });
    child.on('message', (message) => {
      answer = message as Answer;
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve(answer ?? { failure: causeOfDeath(lastWords, code, signal) });
    });
  });
}

function causeOfDeath(lastWords: string, code: number | null, signal: string | null): string {
  if (lastWords.includes('heap out of memory')) return `ran out of memory (heap of ${HEAP_MB} MB)`;
  const [line = ''] = lastWords.match(/^\w*Error.*$/m) ?? [];
  return `died with ${signal ?? `code ${String(code)}`} ${line}`.trim();
}
