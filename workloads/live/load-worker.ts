import { enableCompileCache } from 'node:module';

/**
 * The entry of a load thread. A thread compiles for itself all that it loads, unless it is told where others left what
 * they compiled (and stripped of its types): three quarters of its start saved. So the rest is loaded after.
 */
enableCompileCache();
await import('./load-worker-actors.ts');
