// Type-checks every ```ts block of the documents and of the TSDoc comments in src, each as a module of its
// own that imports the package as users do. A block opts out with ```ts no-check.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { documents, filesBelow } from './documents.js';

interface Block {
  readonly file: string;
  /** Where the opening fence stands, from 1. */
  readonly line: number;
  readonly info: string;
  readonly code: string;
}

const tsBlocks = [...documents(), ...filesBelow('src', '.ts')]
  .flatMap((file) => [...fencedBlocks(file)])
  .filter(({ info }) => /^(ts|typescript)\b/.test(info));
const checked = tsBlocks.filter(({ info }) => info === 'ts');
const optedOut = tsBlocks.filter(({ info }) => info === 'ts no-check');
const mislabelled = tsBlocks.filter((block) => !checked.includes(block) && !optedOut.includes(block));

const problems = [
  ...mislabelled.map(
    ({ file, line, info }) => `${file}:${line} Expected \`ts\` or \`ts no-check\`, got \`${info}\`.`,
  ),
  ...typeErrors(checked),
  ...(checked.length === 0 ? ['Found no code to check.'] : []),
];

for (const problem of problems) console.error(problem);
console.log(
  `${checked.length} code blocks checked, ${optedOut.length} opted out, ${problems.length} problems`,
);
process.exitCode = problems.length === 0 ? 0 : 1;

function* fencedBlocks(file: string): Generator<Block> {
  const marginOf = file.endsWith('.ts') ? /^\s*\* ?/ : /^/;
  let open: { line: number; fence: string; info: string; code: string[] } | undefined;

  for (const [index, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (!marginOf.test(line)) {
      open = undefined;
      continue;
    }
    const text = line.replace(marginOf, '');
    const [, fence, info] = /^\s*(`{3,})([^`]*)$/.exec(text) ?? [];

    if (open === undefined) {
      if (fence !== undefined) open = { line: index + 1, fence, info: (info ?? '').trim(), code: [] };
    } else if (fence?.startsWith(open.fence) === true && info?.trim() === '') {
      yield { file, line: open.line, info: open.info, code: open.code.join('\n') };
      open = undefined;
    } else {
      open.code.push(text);
    }
  }
}

function typeErrors(blocks: readonly Block[]): string[] {
  // The modules exist in memory only, beside the files they come from. Blank lines move the code down to
  // the line on which it stands in its document, so that errors name that line.
  const modules = new Map(
    blocks.map(({ file, line, code }) => [resolve(`${file}.${line}.ts`), '\n'.repeat(line) + code]),
  );

  const options = checkOptions();
  const host = ts.createCompilerHost(options);
  host.fileExists = (path) => modules.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => modules.get(path) ?? ts.sys.readFile(path);
  const program = ts.createProgram([...modules.keys()], options, host);

  return blocks.flatMap(({ file, line }) => {
    const module = program.getSourceFile(resolve(`${file}.${line}.ts`));
    const diagnostics = [
      ...program.getSyntacticDiagnostics(module),
      ...program.getSemanticDiagnostics(module),
    ];
    return diagnostics.map(({ start = 0, messageText }) => {
      const position = module?.getLineAndCharacterOfPosition(start);
      return `${file}:${(position?.line ?? 0) + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

function checkOptions(): ts.CompilerOptions {
  const parsed = ts.getParsedCommandLineOfConfigFile('tsconfig.check.json', undefined, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  });
  return parsed?.options ?? {};
}
