import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = fileURLToPath(new URL('./src/', import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^escapement$/, replacement: `${src}index.ts` },
      { find: /^escapement\/(.+)$/, replacement: `${src}$1/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/servers/global-setup.ts',
    testTimeout: 20_000,
    typecheck: { include: ['test/types/**/*.test-d.ts'], tsconfig: 'tsconfig.check.json' },
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
