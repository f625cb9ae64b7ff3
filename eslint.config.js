import { defineConfig, globalIgnores } from 'eslint/config';
import tsdoc from 'eslint-plugin-tsdoc';
import tseslint from 'typescript-eslint';

const enums = { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' };
const defaultExports = { selector: 'ExportDefaultDeclaration', message: 'Name the export.' };
const dateWithoutArguments = {
  selector: ':matches(NewExpression[arguments.length=0], CallExpression)[callee.name="Date"]',
  message: 'Read the time from the Clock.',
};
const ownCode = {
  selector: 'Program > :not(ExportAllDeclaration, ExportNamedDeclaration[source])',
  message: 'An index holds re-exports only.',
};

const timers = ['setTimeout', 'setInterval', 'setImmediate'];
const readings = [
  { object: 'Date', property: 'now' },
  { object: 'DateTime', property: 'now' },
  { object: 'performance', property: 'now' },
  { object: 'process', property: 'hrtime' },
  { object: 'AbortSignal', property: 'timeout' },
];

export default defineConfig(
  globalIgnores(['dist', 'coverage', 'docs/api', '*.js', '*.cjs', 'test/package']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.check.json' } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', enums, defaultExports],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An async method without await still turns what it throws into a rejection, as its interface promises.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { tsdoc },
    rules: { 'tsdoc/syntax': 'error', 'no-console': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/time/**'],
    rules: {
      'no-restricted-syntax': ['error', enums, defaultExports, dateWithoutArguments],
      'no-restricted-globals': ['error', ...timers.map((name) => restricted({ name }))],
      'no-restricted-properties': [
        'error',
        ...readings.map(restricted),
        ...timers.map((property) => restricted({ object: 'globalThis', property })),
      ],
      'no-restricted-imports': [
        'error',
        ...['node:timers', 'node:timers/promises', 'node:perf_hooks'].map((name) => restricted({ name })),
      ],
    },
  },
  {
    files: ['src/internal/logger.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/**/index.ts'],
    rules: { 'no-restricted-syntax': ['error', ownCode] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['*.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);

function restricted(what) {
  return { ...what, message: 'Time and timers live in src/time.' };
}
