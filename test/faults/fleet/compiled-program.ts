import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const faults = fileURLToPath(new URL('../', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDERS = ['nodes', 'history'];

/**
 * Holds the programs of nodes and workers as plain JavaScript in a temporary folder: a process that compiles what it imports takes three
 * times as long to start, and scenarios start a great many.
 */
export class CompiledProgram {
  readonly #folder = mkdtempSync(join(tmpdir(), 'escapement-node-'));

  /** Compiles it. */
  constructor() {
    mkdirSync(join(this.#folder, 'node_modules'));
    symlinkSync(root, join(this.#folder, 'node_modules', 'escapement'));
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }\n');
    for (const name of FOLDERS) this.#compile(name);
  }

  /** Is the path of the nodes' program. */
  get path(): string {
    return join(this.#folder, 'nodes', 'node-program.js');
  }

  /** Is the path of the program of a queue's workers. */
  get workerPath(): string {
    return join(this.#folder, 'nodes', 'worker-program.js');
  }

  /** Removes it. */
  dispose(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #compile(name: string): void {
    mkdirSync(join(this.#folder, name));
    const compilerOptions: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    };
    for (const file of readdirSync(join(faults, name))) {
      const source = readFileSync(join(faults, name, file), 'utf8');
      const { outputText } = ts.transpileModule(source, { compilerOptions, fileName: file });
      writeFileSync(join(this.#folder, name, file.replace(/\.ts$/, '.js')), outputText);
    }
  }
}
