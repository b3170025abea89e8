import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  type Comparison,
  ComparisonError,
  compare,
  compareSelf,
  disturbedPairs,
  noiseFloors,
  refuseUnlike,
} from '../../reports/compare/compare.ts';
import { comparisonJunit, comparisonMarkdown, comparisonText } from '../../reports/compare/render.ts';
import { PAIRS_MIN } from '../../reports/compare/statistics.ts';
import { EXIT, type RunRecord } from '../../reports/run-record.ts';
import { fingerprintOf } from '../../reports/store/figures.ts';
import { RunStore } from '../../reports/store/store.ts';
import { childRun } from '../child-run.ts';
import { CommandError } from '../exit.ts';
import { packageRoot } from '../package.ts';
import { bar, createProgress, onInterrupt } from '../terminal.ts';
import { findRun } from './report.ts';

interface CompareFlags {
  pairs?: string;
  a: string;
  b: string;
  aBench?: string;
  bBench?: string;
  json?: boolean;
  markdown?: boolean;
  junit?: boolean;
}

export function registerCompare(program: Command): void {
  program
    .command('compare')
    .argument('<a>', 'a run: its id, `last`, `last~1`, or a baseline; with --pairs a workload file')
    .argument('[b]', 'the run that is held against it')
    .description('Hold one run against another, or run both arms in turns and say what has changed.')
    .option('--pairs <n>', `run each arm so often, in turns (A B, B A, …); ${PAIRS_MIN} or more decide`)
    .option('--a <flags>', 'with --pairs: flags of arm A, as for `bench run`', '')
    .option('--b <flags>', 'with --pairs: flags of arm B', '')
    .option('--a-bench <path>', "with --pairs: arm A's scripts/bench.js, of another checkout")
    .option('--b-bench <path>', "with --pairs: arm B's scripts/bench.js")
    .option('--json', 'print one JSON object and nothing else')
    .option('--markdown', 'print Markdown, for the page of a CI job')
    .option('--junit', 'print JUnit XML')
    .addHelpText(
      'after',
      `
Simulated figures are exact: any difference is a change. Figures of a wall clock need pairs: a regression is called when
the 95 % interval of the median paired ratio excludes 1 and the effect exceeds what matters (5 %, p99 8 %, more where
an A/A comparison has shown more noise), corrected for the number of figures. Exit 23: regressed; 25: not decided.

Examples:
  bench compare last~1 last
  bench compare main last --markdown >> "$GITHUB_STEP_SUMMARY"
  bench compare --pairs 8 workloads/latency.yaml --a '--target local' --b '--target local --set producers[0].client.linger.ms=5'
  bench compare --pairs 8 workloads/latency.yaml --a-bench ../base/scripts/bench.js
  bench compare --pairs 12 workloads/latency.yaml          both arms alike: stores the noise floor of this machine`,
    )
    .action(compareCommand);
}

async function compareCommand(a: string, b: string | undefined, flags: CompareFlags): Promise<void> {
  try {
    const comparison = flags.pairs === undefined ? await ofRuns(a, b) : await ofPairs(a, b, flags);
    process.stdout.write(printed(comparison, flags));
    process.exitCode = comparison.exit;
  } catch (error) {
    if (error instanceof ComparisonError) throw new CommandError(EXIT.badWorkload, error.message);
    throw error;
  }
}

function printed(comparison: Comparison, flags: CompareFlags): string {
  if (flags.json === true) return `${JSON.stringify(comparison, null, 2)}\n`;
  if (flags.markdown === true) return comparisonMarkdown(comparison);
  return flags.junit === true ? comparisonJunit(comparison) : comparisonText(comparison);
}

async function ofRuns(a: string, b: string | undefined): Promise<Comparison> {
  if (b === undefined) throw new CommandError(EXIT.badWorkload, 'compare what with it? Give a second run, or --pairs');
  const second = await findRun(process.cwd(), b);
  const first = await findRun(process.cwd(), a, second);
  refuseUnlike(first, second);
  return compare([first], [second], { labels: [first.id, second.id] });
}

interface Arm {
  readonly name: 'a' | 'b';
  readonly bench: string;
  readonly flags: readonly string[];
  readonly label: string;
}

async function ofPairs(file: string, extra: string | undefined, flags: CompareFlags): Promise<Comparison> {
  if (extra !== undefined)
    throw new CommandError(EXIT.badWorkload, `--pairs takes one workload file, not ${extra} too`);
  const pairs = Number(flags.pairs);
  if (!Number.isSafeInteger(pairs) || pairs < 1 || pairs > 1000) {
    throw new CommandError(EXIT.badWorkload, `--pairs ${flags.pairs}: expected a whole number of at least 1`);
  }
  const arms = [armOf('a', flags.a, flags.aBench), armOf('b', flags.b, flags.bBench)] as const;
  const isSelf = arms[0].bench === arms[1].bench && arms[0].flags.join('\0') === arms[1].flags.join('\0');
  const records: { a: RunRecord[]; b: RunRecord[] } = { a: [], b: [] };
  const progress = createProgress(flags.json !== true);
  const abort = new AbortController();
  const release = onInterrupt(() => abort.abort());
  const id = randomUUID();
  // A pair in which the load generator fell behind says nothing of latencies: another takes its place, up to half as many.
  const most = pairs + Math.floor(pairs / 2);
  let clean = 0;
  try {
    for (let pair = 0; pair < most && clean < pairs && !abort.signal.aborted; pair++) {
      // A B, B A, …: a machine that gets steadily slower or faster favours neither arm.
      for (const arm of pair % 2 === 0 ? arms : arms.toReversed()) {
        if (abort.signal.aborted) break;
        progress.update(
          `${bar(pair / pairs)} pair ${pair + 1} of ${Math.max(pairs, pair + 1)}, arm ${arm.name}: ${arm.label}`,
        );
        const run = childRun({
          bench: arm.bench,
          file,
          flags: arm.flags,
          env: { FAULTLINE_PAIR: `${id}:${arm.name}:${pair}` },
          signal: abort.signal,
          label: `arm ${arm.name} (${arm.label})`,
        });
        records[arm.name].push(await run);
      }
      const [first, second] = [records.a[0], records.b[0]];
      // Simulated figures are exact: the same again would say nothing more.
      if (first?.target === 'sim' && second?.target === 'sim') break;
      const whole = wholePairs(records);
      clean = whole.a.length - disturbedPairs(whole.a, whole.b).size;
    }
  } finally {
    progress.clear();
    release();
  }
  const { a, b } = wholePairs(records);
  if (a.length === 0) throw new CommandError(EXIT.runFailed, 'interrupted before one pair was complete');
  const { size: disturbed } = disturbedPairs(a, b);
  if (disturbed > 0)
    process.stderr.write(`note: in ${disturbed} of ${a.length} pairs the load generator fell behind\n`);
  return inStore(a, b, arms, isSelf);
}

/** Without the run whose other half was not made. */
function wholePairs({ a, b }: { readonly a: RunRecord[]; readonly b: RunRecord[] }): {
  a: RunRecord[];
  b: RunRecord[];
} {
  const whole = Math.min(a.length, b.length);
  return { a: a.slice(0, whole), b: b.slice(0, whole) };
}

function inStore(a: RunRecord[], b: RunRecord[], arms: readonly [Arm, Arm], isSelf: boolean): Comparison {
  const { workloadHash, environment, target } = b[0]!;
  const fingerprint = fingerprintOf(environment);
  using store = RunStore.in(process.cwd());
  const labels = [arms[0].label, arms[1].label] as const;
  const options = { labels, noise: store.noise(workloadHash, fingerprint) };
  const comparison = isSelf ? compareSelf(a, b, options) : compare(a, b, options);
  if (isSelf && target !== 'sim' && comparison.pairs >= PAIRS_MIN) {
    const at = new Date().toISOString();
    for (const [metric, floor] of noiseFloors(comparison)) {
      store.appendNoise({ workloadHash, fingerprint, metric, floor, pairs: comparison.pairs }, at);
    }
  }
  return comparison;
}

function armOf(name: 'a' | 'b', text: string, bench: string | undefined): Arm {
  const flags = wordsOf(text);
  const label = [bench, ...flags].filter((part) => part !== undefined).join(' ');
  return {
    name,
    bench: bench ?? join(packageRoot, 'scripts', 'bench.js'),
    flags,
    label: label === '' ? 'as it is' : label,
  };
}

/** Words as a shell would part them: spaces, single and double quotes. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g))
    words.push(word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'));
  return words;
}
