import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Is how an example ended. */
interface EndedExample {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Is an example that runs. */
export interface RunningExample {
  readonly process: ChildProcess;
  /** Settles when the example has ended, by itself or because it took too long. */
  readonly ended: Promise<EndedExample>;
  /** Waits until a text that the example prints matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LIMIT_MS = 60_000;

/** Starts an example as users do, on the built package: `npm run build` comes first. */
export function runExample(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): RunningExample {
  const child = spawn(process.execPath, ['--import', 'tsx', `examples/${file}`, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<EndedExample>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const printed = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stdout);
        if (match !== null) resolve(match);
      };
      child.stdout.on('data', look);
      child.on('close', () =>
        reject(new Error(`The example never printed ${String(pattern)}: ${stdout}${stderr}`)),
      );
      look();
    });
  return { process: child, ended, printed };
}
