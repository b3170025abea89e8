import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,workloads,sim,reports,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    // A bound against hangs, not a measure: properties run beside other work on slow machines.
    testTimeout: 60_000,
  },
});
