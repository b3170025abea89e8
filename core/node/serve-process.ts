import { enableCompileCache } from 'node:module';
import { tuneHeapForServing } from './heap.ts';

/**
 * A broker as a process of its own: `node serve-process.ts '{"logDirs":["/data"],"listen":{"host":"localhost","port":0}}'`.
 * What was compiled (and stripped of its types) once is half of a start saved the next time: so the rest is loaded after.
 */
tuneHeapForServing();
enableCompileCache();
await import('./serve-until-stopped.ts');
