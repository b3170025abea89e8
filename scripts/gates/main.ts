import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Comparison } from '../../reports/compare/compare.ts';
import { PAIRS_MIN } from '../../reports/compare/statistics.ts';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { outputOf } from '../child-output.ts';
import { packageRoot } from '../package.ts';
import { onInterrupt } from '../terminal.ts';
import { burnUs } from './burn.ts';

/*
 * Whether the gate can be trusted: `bench compare --pairs 8` of equals has to pass, of a broker that takes 10 % more CPU for
 * each request it has to fail, and to say which figure, how much and how sure. So many rounds of both, in turns.
 */
const HELP = `npm run gates -- [--target sim|local|both] [--rounds 20] [--pairs ${PAIRS_MIN}] [--slower 10%]

Each round compares two equal arms, then one against a broker that is slower by --slower. In the simulator its processor
is; of real processes each request burns that share of what a request costs the broker, which a run before measures.
Takes: seconds in the simulator; on real processes about a minute for each comparison of 8 pairs on a quiet machine.
Exit codes: 0 equals always pass and the slower broker is always found · ${EXIT.inconclusive} equals were sometimes too noisy to be told ·
${EXIT.runFailed} equals were told apart, or the slower broker was missed.
`;

const BENCH = join(packageRoot, 'scripts', 'bench.js');
const LOAD = join(packageRoot, 'scripts', 'gates', 'load.yaml');
/** Long enough for what a request costs to be known within a few per cent. */
const CALIBRATION = ['--set', 'phases.warmup=2s', '--set', 'phases.measure=5s'];

const { values } = parseArgs({
  options: {
    target: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '20' },
    pairs: { type: 'string', default: String(PAIRS_MIN) },
    slower: { type: 'string', default: '10%' },
    help: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const pairs = Number(values.pairs);
const slower = Number(/^(\d+(?:\.\d+)?)%$/.exec(values.slower)?.[1]) / 100;
const targets = values.target === 'both' ? ['sim', 'local'] : [values.target];
const isSound =
  Number.isSafeInteger(rounds) && rounds > 0 && Number.isSafeInteger(pairs) && pairs > 0 && slower > 0 && slower <= 10;
if (values.help || !isSound || targets.some((target) => target !== 'sim' && target !== 'local')) {
  (values.help ? process.stdout : process.stderr).write(HELP);
  process.exit(values.help ? EXIT.pass : EXIT.badWorkload);
}

const abort = new AbortController();
const release = onInterrupt(() => abort.abort());
// The store of its own keeps what these rounds learn of the machine's noise away from everybody else's.
const folder = mkdtempSync(join(tmpdir(), 'faultline-gates-'));
try {
  const exits: number[] = [];
  for (const target of targets) if (!abort.signal.aborted) exits.push(await drill(target as 'sim' | 'local'));
  for (const exit of [EXIT.runFailed, EXIT.inconclusive]) if (exits.includes(exit)) process.exitCode ??= exit;
} catch (error) {
  process.stderr.write(`gates: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT.runFailed;
} finally {
  release();
  rmSync(folder, { recursive: true, force: true });
}

interface Tally {
  pass: number;
  inconclusive: number;
  wrong: number;
}

async function drill(target: 'sim' | 'local'): Promise<number> {
  const startedAt = performance.now();
  const plant = target === 'sim' ? simulatedPlant() : await calibratedPlant();
  const equal: Tally = { pass: 0, inconclusive: 0, wrong: 0 };
  const planted: Tally = { pass: 0, inconclusive: 0, wrong: 0 };
  for (let round = 1; round <= rounds && !abort.signal.aborted; round++) {
    const base = target === 'sim' ? `--target sim --seed ${round}` : '';
    const title = `${target} ${round} of ${rounds}`;
    count(equal, EXIT.pass, await compareOnce(`${title}, equals`, base, base));
    count(planted, EXIT.regression, await compareOnce(`${title}, slower`, base, `${base} ${plant}`.trim()));
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(
    `${target}: equals pass ${equal.pass} of ${sum(equal)} (${equal.inconclusive} undecided, ${equal.wrong} told apart); ` +
      `${values.slower} slower found ${planted.pass} of ${sum(planted)} (${planted.inconclusive} undecided, ${planted.wrong} missed); ` +
      `${pairs} pairs each, ${seconds} s, load of the machine ${loadavg()[1]!.toFixed(1)}\n`,
  );
  if (equal.wrong > 0 || planted.pass < sum(planted) || sum(planted) === 0) return EXIT.runFailed;
  return equal.inconclusive > 0 ? EXIT.inconclusive : EXIT.pass;
}

function sum({ pass, inconclusive, wrong }: Tally): number {
  return pass + inconclusive + wrong;
}

/** `exit`: null for a comparison that was interrupted, which says nothing. */
function count(tally: Tally, wanted: number, exit: number | null): void {
  if (exit === null) return;
  if (exit === wanted) tally.pass++;
  else if (exit === EXIT.inconclusive) tally.inconclusive++;
  else tally.wrong++;
}

async function compareOnce(title: string, a: string, b: string): Promise<number | null> {
  if (abort.signal.aborted) return null;
  const startedAt = performance.now();
  const text = await bench(['compare', LOAD, '--pairs', String(pairs), '--a', a, '--b', b, '--json']);
  if (abort.signal.aborted) return null;
  const found = JSON.parse(text) as Comparison;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(`${title}: exit ${found.exit} in ${seconds} s: ${found.sentence}\n`);
  return found.exit;
}

function simulatedPlant(): string {
  return `--set 'faults=[{ at: 0s, slow-cpu: all, factor: ${1 + slower} }]'`;
}

/** What a request costs the broker's process in all, sockets and garbage included, says how much is to be burnt for each. */
async function calibratedPlant(): Promise<string> {
  const { id } = JSON.parse(await bench(['run', LOAD, ...CALIBRATION, '--json', '--quiet'])) as RunRecord;
  const record = JSON.parse(readFileSync(join(folder, '.faultline', 'runs', id, 'run.json'), 'utf8')) as RunRecord;
  const found = burnUs(record, slower);
  process.stdout.write(
    `local: a request costs the broker ${found.requestUs.toFixed(1)} µs of CPU; the slower one burns ${found.burnUs} µs more\n`,
  );
  return `--drill-burn ${found.burnUs}`;
}

/** What a command printed. @throws Error when it printed nothing. */
async function bench(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [BENCH, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => void child.kill('SIGTERM');
  abort.signal.addEventListener('abort', stop, { once: true });
  const { text, closed } = outputOf(child);
  const status = await closed.finally(() => abort.signal.removeEventListener('abort', stop));
  if (!abort.signal.aborted && !text.out.startsWith('{'))
    throw new Error(`bench ${args[0]} ended with ${status}: ${(text.errors + text.out).slice(-2000)}`);
  return text.out;
}
