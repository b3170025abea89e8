import { parseArgs } from 'node:util';
import { createRandom } from '../../core/random.ts';
import { onInterrupt } from '../terminal.ts';
import { fuzzConnections } from './connections.ts';
import { fuzzFiles } from './files.ts';

/*
 * Hostile bytes on connections and in files, for as long as one likes:
 *   npm run fuzz -- [--minutes 60] [--seed 1] [--only connections|files]
 * Ends with `N passed, N failed`; fails when a broker dies, hangs, hands out what was never written, or keeps memory.
 */
const { values } = parseArgs({
  options: { minutes: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const minutes = Number(values.minutes ?? '1');
const seed = values.seed ?? String(Date.now());
const parts = [
  { name: 'connections', run: fuzzConnections },
  { name: 'files', run: fuzzFiles },
].filter(({ name }) => values.only === undefined || values.only === name);
if (!(minutes > 0) || parts.length === 0) {
  process.stderr.write('usage: npm run fuzz -- [--minutes 60] [--seed 1] [--only connections|files]\n');
  process.exit(20);
}

const abort = new AbortController();
const release = onInterrupt(() => abort.abort());
process.stdout.write(`seed ${seed}, ${minutes} minutes\n`);
let passed = 0;
let failed = 0;
for (const { name, run } of parts) {
  const untilMs = performance.now() + (minutes * 60_000) / parts.length;
  const isOver = (): boolean => abort.signal.aborted || performance.now() >= untilMs;
  try {
    process.stdout.write(`ok    ${name}: ${await run(createRandom(`${seed} ${name}`), isOver)}\n`);
    passed++;
  } catch (error) {
    process.stdout.write(`FAIL  ${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    failed++;
  }
}
release();
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
