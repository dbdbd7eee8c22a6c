import tseslint from 'typescript-eslint';

/** Rooms that also run in a browser worker: no VS Code, no Node. */
const CORE = ['src/machine/**', 'src/symbols/**', 'src/debugger/**', 'src/linux/**'];
const NO_HOST = {
  group: ['vscode', 'node:*', 'fs', 'path', 'os', 'net', 'child_process', 'worker_threads', 'iced-x86'],
  message: 'Core rooms use no host module.',
};
const up = (...rooms) => ({
  group: rooms.map((r) => `**/${r}/**`),
  message: 'Arrows point downwards only (docs/architecture.md).',
});

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'out/'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  // mocha loads reporters with require()
  { files: ['**/*.cjs'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  { files: CORE, rules: { 'no-restricted-imports': ['error', { patterns: [NO_HOST] }] } },
  {
    files: ['src/machine/**', 'src/symbols/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [NO_HOST, up('debugger', 'linux', 'adapter', 'cli', 'views', 'remote')] },
      ],
    },
  },
  {
    files: ['src/debugger/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [NO_HOST, up('linux', 'adapter', 'cli', 'views', 'remote', 'machine')] },
      ],
    },
  },
  {
    files: ['src/linux/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [NO_HOST, up('adapter', 'cli', 'views', 'remote', 'machine')] }],
    },
  },
  { files: ['src/adapter/**'], rules: { 'no-restricted-imports': ['error', { patterns: [up('views', 'cli')] }] } },
);
