import { defineConfig } from 'vitest/config';
import { viteOperators } from './scripts/lib/operators.mjs';

export default defineConfig({
  plugins: [viteOperators],
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['test/e2e/**', 'node_modules/**'],
    globalSetup: ['test/globalSetup.ts'],
    testTimeout: 60_000,
  },
});
