import { defineConfig } from '@playwright/test';

/** Real Electron, one window at a time; scripts/test.mjs gives the executable and the virtual display. */
export default defineConfig({
  testDir: 'test/e2e',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  outputDir: 'test-results/e2e',
  reporter: [['list'], ['json']],
});
