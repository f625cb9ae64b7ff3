import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { InvalidOptionError, TaskModuleError, defineTask } from '../../src/index.js';
import type { AnyTask, RunContext } from '../../src/index.js';
import { rejectionOf } from '../support/within.js';

const folder = new URL('../fixtures/tasks/', import.meta.url);

function at(file: string): URL {
  return new URL(file, folder);
}

async function call({ handler }: AnyTask, data: unknown): Promise<unknown> {
  return handler({ data } as unknown as RunContext<never>);
}

describe('a task that is given as a module', () => {
  test('calls the default export, or the one that is named', async () => {
    const triple = defineTask('t', { module: at('handlers.ts') });
    expect(await call(triple, 2)).toBe(6);
    expect(await call(defineTask('t', { module: at('handlers.ts'), export: 'echo' }), 'x')).toBe('x');
    expect(triple.module).toEqual({ url: at('handlers.ts').href, export: 'default' });
  });

  test('takes the module as a URL, as its text, and as a path', async () => {
    const url = at('handlers.ts');
    for (const module of [url, url.href, fileURLToPath(url)]) {
      expect(await call(defineTask('t', { module }), 2)).toBe(6);
    }
  });

  test.each([
    ['plain.cjs', undefined, 'plain 1'],
    ['plain.cjs', 'named', 'named 1'],
    ['compiled.cjs', undefined, 'default 1'],
    ['compiled.cjs', 'computed', 'computed 1'],
    ['built.mjs', undefined, 'built 1, main thread'],
  ])('finds in %s the export %s', async (file, name, result) => {
    const given = { module: at(file), ...(name !== undefined && { export: name }) };
    expect(await call(defineTask('t', given), 1)).toBe(result);
  });

  test('means the TypeScript source where there is no built file, and the built file where there is one', () => {
    expect(defineTask('t', { module: at('handlers.js') }).module?.url).toBe(at('handlers.ts').href);
    expect(defineTask('t', { module: at('twin.js') }).module?.url).toBe(at('twin.js').href);
  });

  test('of a file that does not exist is refused when it is defined', () => {
    const define = (): unknown => defineTask('resize', { module: at('nowhere.js'), export: 'resize' });
    expect(define).toThrow(TaskModuleError);
    expect(define).toThrow(
      `Task "resize" is export "resize" of ${at('nowhere.js').href}. There is no such file.`,
    );
  });

  test('whose module throws when it is imported fails, with that as its cause', async () => {
    const error = (await rejectionOf(call(defineTask('b', { module: at('broken.ts') }), 1))) as Error;
    expect(error).toBeInstanceOf(TaskModuleError);
    expect(error).toMatchObject({ task: 'b', module: at('broken.ts').href, exportName: 'default' });
    expect(error.message).toContain('Importing it failed: broken on purpose');
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'broken on purpose' });
  });

  test('whose module lacks the export fails, and names those that there are', async () => {
    const error = await rejectionOf(call(defineTask('t', { module: at('twin.js'), export: 'toString' }), 1));
    expect(error).toBeInstanceOf(TaskModuleError);
    expect((error as Error).message).toMatch(/There is no such export: it exports which\.$/);
  });

  test('whose export is no function fails', async () => {
    const error = await rejectionOf(call(defineTask('t', { module: at('handlers.ts'), export: 'limit' }), 1));
    expect((error as Error).message).toMatch(/That is no function, but of type number\.$/);
  });

  test.each([
    ['a relative path', './resize.js'],
    ['a package', 'some-package/resize'],
    ['another kind of URL', new URL('https://example.com/resize.js')],
    ['nothing', undefined],
  ])('is refused where the module is %s', (_what, module) => {
    const define = (): unknown => defineTask('t', { module } as { module: string });
    expect(define).toThrow(InvalidOptionError);
    expect(define).toThrow(/`handler.module` to be a file URL or an absolute path/);
  });

  test('is refused with what it does not know', () => {
    expect(() => defineTask('t', { module: at('twin.js'), name: 'x' } as { module: URL })).toThrow(
      /handler knows module, export/,
    );
    expect(() => defineTask('t', { module: at('twin.js'), export: 5 as unknown as string })).toThrow(
      /`handler.export` to be a string/,
    );
    expect(() => defineTask('t', 'x' as unknown as () => void)).toThrow(
      /`handler` to be a function, or \{ module, export \}/,
    );
  });
});
