import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { parseRatePerSecond } from '../../workloads/units.ts';
import { residentBytes } from '../bench/process-usage.ts';
import { childRun } from '../child-run.ts';
import { liveBytes } from '../fuzz/memory-series.ts';
import { askForMemory, serveProbed } from '../fuzz/probed-broker.ts';
import { packageRoot } from '../package.ts';
import type { ServedCluster } from '../peers/broker-process.ts';
import { onInterrupt } from '../terminal.ts';
import { driftOf } from './drift.ts';
import { FIGURES, type SoakSample, soakRow, soakTable } from './table.ts';

/*
 * Whether a broker stays what it is: one `bench serve` under half of the rate that it was found to sustain, in open loop,
 * for as long as one likes.
 */
const HELP = `npm run soak -- [--minutes 60] [--rate 50_000/s]

Serves a broker with its data on disk, searches for its highest rate (unless --rate names one) and runs half of it in
rounds of a minute (shorter ones when --minutes is below 12, so that there are twelve); a topic of its own for each round,
so that the disk does not fill up. Between rounds, with nothing on the wire: resident memory, what a forced collection
leaves, open files. Then a line is laid through each figure, the first two rounds left out for warming up.
Exit codes: 0 all flat · ${EXIT.regression} something drifts · ${EXIT.inconclusive} too short or too noisy to say · ${EXIT.durabilityViolation} a promise was broken.
`;
const BENCH = join(packageRoot, 'scripts', 'bench.js');
const LOAD = join(packageRoot, 'scripts', 'soak', 'load.yaml');
const ROUNDS_MIN = 12;
const ROUND_SECONDS = 60;
/** Of each round: start, topic, warm-up, drain, audit and the looks in between. */
const OVERHEAD_SECONDS = 5;
const MEASURE_SECONDS_MIN = 4;
const WARMING_UP = 2;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    rate: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const asked = values.rate === undefined ? null : parseRatePerSecond(values.rate);
if (values.help || !(minutes > 0) || asked?.ok === false) {
  (values.help ? process.stdout : process.stderr).write(HELP);
  process.exit(values.help ? EXIT.pass : EXIT.badWorkload);
}

const abort = new AbortController();
const release = onInterrupt(() => abort.abort());
const folder = mkdtempSync(join(tmpdir(), 'faultline-soak-'));
try {
  process.exitCode = await soak();
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT.runFailed;
} finally {
  release();
  rmSync(folder, { recursive: true, force: true });
}

async function soak(): Promise<number> {
  await using served = await serveProbed(folder);
  const rate = asked?.ok === true ? asked.value : await halfOfMost(served);
  const seconds = (minutes * 60) / Math.max(ROUNDS_MIN, minutes * (60 / ROUND_SECONDS));
  const measure = Math.max(MEASURE_SECONDS_MIN, Math.round(seconds - OVERHEAD_SECONDS));
  process.stdout.write(`${rate} records a second for ${minutes} minutes, ${measure} s measured in each round\n`);
  const samples: SoakSample[] = [];
  const startedAt = performance.now();
  let worst = 0;
  while (performance.now() - startedAt < minutes * 60_000 && !abort.signal.aborted) {
    const flags = ['--set', `producers[0].rate=${rate}/s`, '--set', `phases.measure=${measure}s`];
    const record = await run(served, flags);
    if (abort.signal.aborted) break;
    if (record.exit === EXIT.durabilityViolation) worst = record.exit;
    const sample = { seconds: (performance.now() - startedAt) / 1000, ...(await lookAt(served, record)) };
    if (samples.length === 0) process.stdout.write(`${soakTable()}\n`);
    samples.push(sample);
    process.stdout.write(`${soakRow(sample)}\n`);
  }
  return worst === 0 ? conclude(samples) : worst;
}

function conclude(samples: readonly SoakSample[]): number {
  const warm = samples.slice(WARMING_UP);
  const behind = samples.filter(({ keptUp }) => !keptUp).length;
  const states = FIGURES.map(({ title, of, better, limit, isOfLoad }) => {
    const usable = isOfLoad ? warm.filter(({ keptUp }) => keptUp) : warm;
    const { share, low, high, state } = driftOf(usable.map(of), better, limit);
    const percent = (value: number) => `${value >= 0 ? '+' : '−'}${(Math.abs(value) * 100).toFixed(1)} %`;
    const drift = Number.isFinite(low)
      ? `${percent(share)} over ${usable.length} rounds (95 % interval ${percent(low)} to ${percent(high)}; ${better === 'lower' ? '+' : '−'}${limit * 100} % would matter)`
      : `${usable.length} rounds say nothing`;
    process.stdout.write(`${state === 'drifts' ? 'NOT FLAT' : state.padEnd(9)}  ${title}: ${drift}\n`);
    return state;
  });
  if (behind > 0) process.stdout.write(`in ${behind} of ${samples.length} rounds the load generator fell behind\n`);
  const found = states.includes('drifts') ? 'not flat' : states.includes('undecided') ? 'undecided' : 'flat';
  process.stdout.write(`verdict: ${found}\n`);
  return found === 'flat' ? EXIT.pass : found === 'not flat' ? EXIT.regression : EXIT.inconclusive;
}

async function halfOfMost(served: ServedCluster): Promise<number> {
  process.stderr.write('searching for the highest rate\n');
  const flags = [
    '--find-max',
    '--limit',
    'publish.p99=100ms',
    '--resolution',
    '10%',
    '--probe',
    '3s',
    '--from',
    '20000/s',
  ];
  const { search } = await run(served, flags);
  if (search === undefined || search.rate < 2) throw new Error('no rate held');
  process.stderr.write(`${search.rate} records a second held\n`);
  // Two digits: what half of it is matters little, that it stays the same does.
  return Number((search.rate / 2).toPrecision(2));
}

function run({ bootstrap }: ServedCluster, flags: readonly string[]): Promise<RunRecord> {
  const options = { bench: BENCH, file: LOAD, signal: abort.signal, label: 'the load' };
  // A round is one of many: its page is left to `bench report`, as that of a pair is.
  return childRun({ ...options, flags: ['--bootstrap', bootstrap, ...flags], env: { FAULTLINE_PAIR: '' } });
}

async function lookAt(served: ServedCluster, { metrics, generator }: RunRecord): Promise<Omit<SoakSample, 'seconds'>> {
  const before = residentBytes([served.pid]);
  const memory = await askForMemory(served);
  return {
    acked: metrics.throughput.acked,
    p50: metrics.publish?.p50 ?? Number.NaN,
    p99: metrics.publish?.p99 ?? Number.NaN,
    residentBytes: before,
    liveBytes: liveBytes(memory),
    files: readdirSync(`/proc/${served.pid}/fd`).length,
    keptUp: generator?.state === 'kept up',
  };
}
