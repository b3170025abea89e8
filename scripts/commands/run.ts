import { randomBytes } from 'node:crypto';
import { type Command, Option } from 'commander';
import { HistoryFile } from '../../reports/history/writer.ts';
import { EXIT } from '../../reports/run-record.ts';
import type { Plan } from '../../sim/plan.ts';
import { runConfigs } from '../../sim/run.ts';
import { rosterOf } from '../../workloads/actors/roster.ts';
import type { ClientConfig } from '../../workloads/live/client-config.ts';
import { withSuffix } from '../../workloads/topic-suffix.ts';
import type { TargetKind, Workload } from '../../workloads/workload.ts';
import { concealed, readClientConfig, refuseUnlessKafka } from '../client-config.ts';
import { conclude } from '../conclude.ts';
import { environment } from '../environment.ts';
import { CommandError } from '../exit.ts';
import { type FoundMax, findMax } from '../find-max/find-max.ts';
import { DEFAULT_LIMIT, findMaxOptions, limitOverride } from '../find-max/options.ts';
import { limitsOf } from '../find-max/probe.ts';
import type { LiveParts } from '../live.ts';
import { type LoadedWorkload, loadWorkload } from '../load-file.ts';
import { matrixCommand } from '../matrix/matrix-command.ts';
import { metricsSinks } from '../metrics-sinks.ts';
import type { Outcome } from '../outcome.ts';
import { planOf } from '../plan-file.ts';
import { runPlan, type SimRunParts } from '../sim-run.ts';
import { createProgress, onInterrupt } from '../terminal.ts';

export interface RunFlags {
  target?: TargetKind;
  bootstrap?: string;
  clientConfig?: string;
  seed?: string;
  driver?: string;
  set: string[];
  json?: boolean;
  report?: string | boolean;
  verify?: boolean;
  quiet?: boolean;
  history?: string;
  findMax?: boolean;
  limit: string[];
  resolution?: string;
  probe?: string;
  from?: string;
  atMost?: string;
  metricsPort?: string;
  otlp?: string;
  drillBurn?: string;
  existingTopics?: boolean;
  matrix?: boolean;
  resume?: boolean;
  markdown?: boolean;
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export function registerRun(program: Command): void {
  program
    .command('run')
    .argument('<file>', "a workload file, ours or OpenMessaging Benchmark's")
    .description(
      'Run a workload and judge it: latency histograms, throughput, and what the cluster kept of its promises.',
    )
    .option('--target <world>', 'sim, local (a broker on this machine) or kafka (a running cluster)')
    .option('--bootstrap <host:port,…>', 'target kafka: where the cluster is')
    .option('--client-config <file>', "target kafka: Kafka's client properties, for TLS and SASL")
    .option('--seed <n>', 'instead of the seed in the file')
    .option('--driver <file>', 'an OpenMessaging Benchmark driver file')
    .option('--set <path=value>', 'override a value of the file; may be repeated', collect, [])
    .option('--verify', 'target sim: run twice and name the first event that differs')
    .option('--report [file]', 'also write the HTML report to this file (it is always kept with the run)')
    .option('--history <file>', 'also write the history, for `bench verdict`: one JSON object a line')
    .option('--find-max', 'search for the highest rate that keeps the limits; the rates of the file are proportions')
    .option(
      '--limit <name=value>',
      `with --find-max: a limit beside those of the file; default ${DEFAULT_LIMIT} where it has none; may be repeated`,
      collect,
      [],
    )
    .option('--resolution <share>', 'with --find-max: how near the answer has to be; default 2%')
    .option('--probe <duration>', 'with --find-max: measured part of each probe; default 5s, in the simulator 1s')
    .option('--from <rate>', 'with --find-max: where it starts; default an eighth of the rate in the file, or 2000/s')
    .option('--at-most <rate>', 'with --find-max: no probe above this')
    .option(
      '--existing-topics',
      'target kafka: use topics that are there already, if they are empty; without it a run touches no topic it has not made',
    )
    .option('--no-matrix', 'of a file with `matrix`: run its own values alone')
    .option('--resume', 'of a file with `matrix`: keep the runs that are complete, and make the others')
    .option('--markdown', 'of a file with `matrix`: print the table as Markdown')
    .option('--metrics-port <n>', 'targets local and kafka: OpenMetrics of the load on this port while it runs')
    .option('--otlp <url>', 'targets local and kafka: push the same to a collector, OTLP over HTTP')
    .option('--json', 'print one JSON object and nothing else')
    .option('--quiet', 'no progress')
    .addOption(new Option('--drill-burn <us>', 'target local: brokers burn so much CPU for each request').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  bench run workloads/quickstart.yaml
  bench run workloads/latency.yaml --target local --set phases.measure=10s --report latency.html
  bench run omb/simple-workload.yaml --driver omb/kafka.yaml --target kafka --bootstrap localhost:9092
  bench run workloads/quickstart.yaml --target kafka --bootstrap kafka-1:9093 --client-config client.properties
  bench run matrix.yaml --resume                           every combination of the file's \`matrix\`, one table
  bench run workload.yaml --target kafka --bootstrap kafka-1:9092 --existing-topics
  bench run workloads/latency.yaml --metrics-port 9400 --otlp http://localhost:4318
  bench run workloads/latency.yaml --find-max --limit publish.p99=20ms --limit endToEnd.p99=100ms --resolution 2%`,
    )
    .action(runCommand);
}

async function runCommand(file: string, flags: RunFlags): Promise<void> {
  const client = flags.clientConfig === undefined ? null : readClientConfig(flags.clientConfig);
  if (flags.findMax !== true) refuseStray(flags);
  const loaded = loadedOf(file, flags, client);
  refuseUnlessKafka(client, loaded.workload.target);
  if (flags.existingTopics === true && (loaded.workload.target !== 'kafka' || flags.findMax === true)) {
    const what = flags.findMax === true ? '--find-max, whose probes have topics of their own' : loaded.workload.target;
    throw new CommandError(EXIT.badWorkload, `--existing-topics goes with target kafka, not with ${what}`);
  }
  const metrics = metricsSinks(flags);
  if (metrics !== null && (loaded.workload.target === 'sim' || flags.findMax === true)) {
    const what = flags.findMax === true ? '--find-max' : 'target sim, whose time is not that of a scraper';
    throw new CommandError(EXIT.badWorkload, `--metrics-port and --otlp do not go with ${what}`);
  }
  if (loaded.matrix.length > 0 && flags.matrix !== false) {
    if (flags.drillBurn !== undefined) process.env.FAULTLINE_DRILL_BURN_US = flags.drillBurn;
    process.exitCode = (await matrixCommand(file, loaded, flags, runFlags(flags))).exit;
    return;
  }
  if (flags.resume === true || flags.markdown === true)
    throw new CommandError(
      EXIT.badWorkload,
      `${flags.resume === true ? '--resume' : '--markdown'} goes with a file that has \`matrix\``,
    );
  // The processes of the brokers inherit it.
  if (flags.drillBurn !== undefined) process.env.FAULTLINE_DRILL_BURN_US = flags.drillBurn;
  const plan = loaded.workload.target === 'sim' ? planOf(loaded.workload, loaded.files) : null;
  // A swarm draws configs too: what ran is what the record tells.
  const workload = plan?.workload ?? loaded.workload;
  const progress = createProgress(flags.quiet !== true && flags.json !== true);
  let interrupt = (): void => {};
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  const release = onInterrupt(() => {
    progress.clear();
    process.stderr.write('stopping: keeping what was measured (Ctrl-C again ends at once)\n');
    interrupt();
  });
  const startedAt = new Date().toISOString();
  const replay = replayCommand(file, flags, workload);
  const context = { workload, workloadText: loaded.source, files: loaded.files, startedAt, replay };
  let outcome: Outcome;
  let found: FoundMax | null = null;
  try {
    if (flags.findMax === true) {
      const onProbe = (line: string): void => {
        if (flags.quiet === true || flags.json === true) return;
        progress.clear();
        process.stderr.write(`${line}\n`);
      };
      const options = findMaxOptions(flags, loaded.workload);
      found = await findMax(loaded, { ...options, progress, interrupted, replay, client, onProbe });
    }
    const history = flags.history === undefined ? {} : { history: historyFile(flags.history, workload) };
    const existing = flags.existingTopics === true ? { existingTopics: true } : {};
    const shown = { ...existing, ...(metrics === null ? {} : { metrics }) };
    const parts = { progress, interrupted, replay, verify: flags.verify === true, ...history, ...shown };
    outcome = concealed(found?.outcome ?? (await runOn(loaded, plan, client, parts)), client);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.runFailed, `the run failed: ${client?.conceal(reason) ?? reason}`);
  } finally {
    progress.clear();
    release();
  }
  const asked = found === null ? {} : { workload: found.workload, search: found.search, hash: found.hash };
  await conclude({ ...context, ...asked, environment: environment() }, outcome, found === null ? plan : null, flags);
}

function historyFile(path: string, workload: Workload): HistoryFile {
  const { name, target, seed } = workload;
  const { names } = rosterOf(workload);
  try {
    return new HistoryFile(path, { workload: name, target, seed, names, configs: runConfigs(workload) });
  } catch (error) {
    throw new CommandError(EXIT.badWorkload, error instanceof Error ? error.message : String(error));
  }
}

/** With the limits of `--find-max`, or one where neither the file nor the command line names any. */
function loadedOf(file: string, flags: RunFlags, client: ClientConfig | null): LoadedWorkload {
  const set = [...overrides(flags, client), ...flags.limit.map(limitOverride)];
  const driver = flags.driver === undefined ? {} : { driver: flags.driver };
  const loaded = loadWorkload(file, { set, ...driver });
  if (flags.findMax !== true || limitsOf(loaded.workload).length > 0) return loaded;
  return loadWorkload(file, { set: [...set, limitOverride(DEFAULT_LIMIT)], ...driver });
}

function refuseStray(flags: RunFlags): void {
  for (const name of ['resolution', 'probe', 'from', 'atMost'] as const) {
    if (flags[name] === undefined && flags.limit.length === 0) continue;
    const option = flags.limit.length > 0 ? '--limit' : name === 'atMost' ? '--at-most' : `--${name}`;
    throw new CommandError(EXIT.badWorkload, `${option} goes with --find-max`);
  }
}

/** `--target` and the like are overrides of the file, and checked as such. */
function overrides(flags: RunFlags, client: ClientConfig | null): string[] {
  const all = [...flags.set];
  if (flags.target !== undefined) all.push(`target=${flags.target}`);
  const bootstrap = flags.bootstrap ?? client?.bootstrap ?? null;
  if (bootstrap !== null) all.push(`bootstrap=[${bootstrap}]`);
  if (flags.seed !== undefined) all.push(`seed=${flags.seed}`);
  return all;
}

function replayCommand(file: string, flags: RunFlags, workload: Workload): string {
  const words = ['bench', 'run', file, '--seed', String(workload.seed)];
  if (flags.matrix === false) words.push('--no-matrix');
  return [...words, ...runFlags({ ...flags, seed: undefined }).map(quoted)].join(' ');
}

/** What makes a run what it is, as words of a command line. */
function runFlags(flags: Omit<RunFlags, 'seed'> & { readonly seed?: string | undefined }): string[] {
  const words: string[] = [];
  if (flags.seed !== undefined) words.push('--seed', flags.seed);
  if (flags.target !== undefined) words.push('--target', flags.target);
  if (flags.bootstrap !== undefined) words.push('--bootstrap', flags.bootstrap);
  if (flags.clientConfig !== undefined) words.push('--client-config', flags.clientConfig);
  if (flags.driver !== undefined) words.push('--driver', flags.driver);
  for (const set of flags.set) words.push('--set', set);
  if (flags.existingTopics === true) words.push('--existing-topics');
  if (flags.findMax === true) words.push('--find-max');
  for (const limit of flags.limit) words.push('--limit', limit);
  if (flags.resolution !== undefined) words.push('--resolution', flags.resolution);
  if (flags.probe !== undefined) words.push('--probe', flags.probe);
  if (flags.from !== undefined) words.push('--from', flags.from);
  if (flags.atMost !== undefined) words.push('--at-most', flags.atMost);
  return words;
}

function quoted(word: string): string {
  return /[\s'"*?$(){}[\]]/.test(word) ? `'${word}'` : word;
}

async function runOn(
  loaded: LoadedWorkload,
  plan: Plan | null,
  client: ClientConfig | null,
  parts: SimRunParts & Pick<LiveParts, 'metrics' | 'existingTopics'>,
): Promise<Outcome> {
  if (plan !== null) return runPlan(plan, parts);
  const { runLive } = await import('../live.ts');
  // As that benchmark names its topics: two runs on somebody's cluster do not meet.
  const isShared = loaded.format === 'omb' && loaded.workload.target === 'kafka' && parts.existingTopics !== true;
  const workload = isShared ? withSuffix(loaded.workload, randomBytes(4).toString('hex')) : loaded.workload;
  return runLive({ workload, files: loaded.files }, { ...parts, client });
}
