import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { InvalidOptionError } from '../errors/input-errors.js';
import { TaskModuleError } from '../errors/job-errors.js';
import { checkRecord, checkString } from '../internal/check.js';
import type { RunContext } from './run-context.js';

/** Says which module a task's function is in, and under which name. */
export interface TaskModuleInput {
  /**
   * Is the module: a file URL, as `new URL('./resize.js', import.meta.url)` and `import.meta.resolve('a-package/resize')`
   * give it, or an absolute path. Where there is no `.js` but a `.ts` of the name, that is meant (`.mjs` and `.cjs` alike).
   */
  readonly module: URL | string;
  /** Names the export that is the function. @defaultValue 'default' */
  readonly export?: string;
}

/** Is where a task's function is found. */
export interface TaskModule {
  /** Is the module's URL. */
  readonly url: string;
  /** Names the export. */
  readonly export: string;
}

const TYPESCRIPT = /\.[cm]?tsx?$/;
const KEYS: ReadonlySet<string> = new Set(['module', 'export']);

/**
 * Checks where a task's function is said to be.
 *
 * @throws {@link InvalidOptionError} when it is not said as it should be
 * @throws {@link TaskModuleError} when there is no such file
 */
export function resolveTaskModule(task: string, input: TaskModuleInput): TaskModule {
  const { module, export: name = 'default' } = checkRecord(input, 'handler', KEYS);
  const url = urlOf(module);
  const found = { url: url.href, export: checkString(name, 'handler.export') };
  if (existsSync(fileURLToPath(url))) return found;
  const source = new URL(url);
  source.pathname = url.pathname.replace(/\.([cm]?)js$/, '.$1ts');
  if (!existsSync(fileURLToPath(source))) throw new TaskModuleError(task, found, 'There is no such file.');
  return { ...found, url: source.href };
}

/**
 * Imports a module and gives its function.
 *
 * @throws {@link TaskModuleError} when it cannot be imported, or has no such function
 */
export async function importTaskFunction(
  task: string,
  source: TaskModule,
): Promise<(context: RunContext<never>) => unknown> {
  let namespace: object;
  try {
    namespace = await load(source.url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new TaskModuleError(task, source, `Importing it failed: ${why}`, { cause: error });
  }
  const found = exportOf(namespace, source.export);
  if (typeof found === 'function') return found as (context: RunContext<never>) => unknown;
  throw new TaskModuleError(task, source, whatIsThere(namespace, source.export, found));
}

async function load(url: string): Promise<object> {
  try {
    return (await import(url)) as object;
  } catch (error) {
    // On Node 20 a loader of TypeScript (tsx) reaches `import` in the main thread only, and `require` in all threads.
    const { code } = error as { readonly code?: unknown };
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !TYPESCRIPT.test(url)) throw error;
    return createRequire(import.meta.url)(fileURLToPath(url)) as object;
  }
}

function urlOf(module: unknown): URL {
  if (module instanceof URL && module.protocol === 'file:') return module;
  if (typeof module === 'string') {
    if (isAbsolute(module)) return pathToFileURL(module);
    if (URL.canParse(module) && module.startsWith('file:')) return new URL(module);
  }
  const expected = "a file URL or an absolute path, such as new URL('./resize.js', import.meta.url)";
  throw new InvalidOptionError('handler.module', expected, module instanceof URL ? module.href : module);
}

function exportOf(namespace: object, name: string): unknown {
  const direct = ownOf(namespace, name);
  if (typeof direct === 'function') return direct;
  // The exports of CommonJS are the default export, and compiled ES modules have a `default` of their own in there.
  const inside = ownOf(ownOf(namespace, 'default'), name);
  return typeof inside === 'function' ? inside : direct;
}

function ownOf(value: unknown, name: string): unknown {
  const hasMembers = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return hasMembers && Object.hasOwn(value, name) ? (Reflect.get(value, name) as unknown) : undefined;
}

function whatIsThere(namespace: object, name: string, found: unknown): string {
  if (found !== undefined)
    return `That is no function, but of type ${found === null ? 'null' : typeof found}.`;
  const names = Object.keys(namespace).filter((key) => key !== name);
  const there = names.length === 0 ? 'it has no exports' : `it exports ${names.join(', ')}`;
  return `There is no such export: ${there}.`;
}
