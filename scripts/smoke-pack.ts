// Packs the built package, installs it into an empty project and uses it there: first its types, then the
// code under this Node, or under each of `--nodes 20,22,24`.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly devDependencies: { readonly kysely: string };
};
const project = mkdtempSync(join(tmpdir(), 'escapement-smoke-'));

try {
  installTarball();
  checkTypes();
  const { values } = parseArgs({ options: { nodes: { type: 'string' } } });
  if (values.nodes === undefined) run(process.execPath, ['smoke.mjs']);
  for (const major of values.nodes?.split(',') ?? []) runUnderNode(major);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function installTarball(): void {
  run('npm', ['pack', root, '--silent', '--ignore-scripts', '--pack-destination', project]);
  const [tarball] = readdirSync(project);
  if (tarball === undefined) throw new Error('npm pack made no tarball');

  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  for (const file of ['smoke.mjs', 'consumer.ts'])
    copyFileSync(join(root, 'test/package', file), join(project, file));
  // Of the optional peers, the one that the declarations of a subpath refer to.
  const packages = [`./${tarball}`, `kysely@${devDependencies.kysely}`];
  run('npm', ['install', ...packages, '--no-audit', '--no-fund', '--loglevel=error']);
  run('npx', ['escapement-sql', 'print', 'sqlite']);
}

/** Compiles a consumer that has TypeScript and the types of Node, but not those of our dependencies. */
function checkTypes(): void {
  const modules = join(root, 'node_modules');
  const language = [
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,esnext.disposable',
    '--strict',
  ];
  const types = ['--types', join(modules, '@types/node')];
  run(process.execPath, [
    join(modules, 'typescript/bin/tsc'),
    '--noEmit',
    ...language,
    ...types,
    'consumer.ts',
  ]);
}

function runUnderNode(major: string): void {
  const answer = run('npx', ['--yes', `node@${major}`, 'smoke.mjs']);
  if (!answer.startsWith(`ok v${major}.`)) throw new Error(`Asked for Node ${major}, got: ${answer}`);
}

function run(command: string, args: readonly string[]): string {
  const { status, stdout } = spawnSync(command, args, {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, npm_config_json: 'false' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} failed`);
  return stdout;
}
