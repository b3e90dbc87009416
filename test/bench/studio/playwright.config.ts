import { defineConfig } from '@playwright/test';

/** What `npm run bench:studio` measures: prints, and asserts nothing. */
export default defineConfig({
  testDir: '.',
  testMatch: 'waits.ts',
  workers: 1,
  timeout: 300_000,
  reporter: [['line']],
});
