import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,workloads,sim,reports,scripts}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
  },
});
