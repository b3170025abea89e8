import { parseArgs } from 'node:util';
import { createRandom } from '../../core/random.ts';
import { onInterrupt } from '../terminal.ts';
import { fuzzConnections } from './connections.ts';
import { fuzzFiles } from './files.ts';
import { LIVE_GROWTH_BYTES, NATIVE_GROWTH_BYTES, SAMPLES_MIN } from './memory-series.ts';

/*
 * Hostile bytes on connections and in files, for as long as one likes:
 *   npm run fuzz -- [--minutes 60] [--seed 1] [--only connections|files]
 * Ends with `N passed, N failed`; fails when a broker dies, hangs, hands out what was never written, or keeps memory.
 */
const HELP = `usage: npm run fuzz -- [--minutes 60] [--seed 1] [--only connections|files]

Hostile bytes on connections, then in files, each for half of the minutes (default 1), under an honest client.

Memory: the broker collects garbage before each sample (every 5 s in the first minute, then every 30 s). Compared are
the lowest of the middle and of the last third of the run; the first third is for warming up. It fails when
  live    (heap and buffers that a collection leaves) grew by more than ${LIVE_GROWTH_BYTES >> 20} MiB: compiled code, the index of what was
          written and the connections of that moment stay below it, one byte kept per frame for half an hour does not;
  native  (resident memory that is neither) grew by more than ${NATIVE_GROWTH_BYTES >> 20} MiB: arenas of the allocator fill up, then stay.
Resident memory is shown and not judged: V8 lets the heap grow fivefold over what lives before it collects
(core/node/heap.ts). Under ${SAMPLES_MIN} samples (45 s) nothing is judged.
`;
const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
});
if (values.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}
const minutes = Number(values.minutes ?? '1');
const seed = values.seed ?? String(Date.now());
const parts = [
  { name: 'connections', run: fuzzConnections },
  { name: 'files', run: fuzzFiles },
].filter(({ name }) => values.only === undefined || values.only === name);
if (!(minutes > 0) || parts.length === 0) {
  process.stderr.write(HELP);
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
