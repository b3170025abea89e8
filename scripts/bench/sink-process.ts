import { enableCompileCache } from 'node:module';
import { tuneHeapForServing } from '../../core/node/heap.ts';

/** A sink as a process of its own, with the heap that a broker has. Prints `ready HOST:PORT`; ends by SIGTERM. */
tuneHeapForServing();
enableCompileCache();
const { createNodeRuntime } = await import('../../core/node/index.ts');
const { Sink } = await import('./sink.ts');
const HOST = 'localhost';
const sink = new Sink(createNodeRuntime(), HOST);
const port = await sink.listen(0);
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
process.stdout.write(`ready ${HOST}:${port}\n`);
