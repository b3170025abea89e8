import { Command, CommanderError } from 'commander';
import { EXIT } from '../reports/run-record.ts';
import { CommandError } from './exit.ts';
import { version } from './package.ts';

// `bench … | head` closes our output early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = new Command('bench')
  .description('Run one workload file against a simulated cluster, a local one, or any Kafka cluster, and judge it.')
  .version(version)
  .showHelpAfterError('(bench --help lists the commands, bench COMMAND --help their options)')
  .addHelpText(
    'after',
    `
Examples:
  bench run workloads/quickstart.yaml                      simulate, seconds long, ends with a verdict
  bench run workloads/quickstart.yaml --target local       the same load on a real broker on this machine
  bench run workload.yaml --target kafka --bootstrap localhost:9092
  bench sim workloads/power-loss.yaml --seeds 200 --verify
  bench replay .faultline/plans/power-loss-17.json         a failed seed again, event for event
  bench explain .faultline/plans/power-loss-17.json        how it came about: the few events that matter
  bench shrink .faultline/plans/power-loss-17.json         the same failure, as small as it gets
  bench serve --port 9092 --memory                         a broker to develop against

Exit codes: 0 pass, 20 bad workload file, 21 run failed, 22 threshold breached, 23 regression,
24 durability violation, 25 inconclusive.`,
  )
  .exitOverride();

/**
 * Each command is loaded when it is asked for: a broker should not wait for the chart library. Without a known name all of
 * them are loaded, for the help and for the nearest right word.
 */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  run: async () => (await import('./commands/run.ts')).registerRun,
  sim: async () => (await import('./commands/sim.ts')).registerSim,
  replay: async () => (await import('./commands/replay.ts')).registerReplay,
  explain: async () => (await import('./commands/explain.ts')).registerExplain,
  shrink: async () => (await import('./commands/shrink.ts')).registerShrink,
  report: async () => (await import('./commands/report.ts')).registerReport,
  serve: async () => (await import('./commands/serve.ts')).registerServe,
  validate: async () => (await import('./commands/validate.ts')).registerValidate,
  new: async () => (await import('./commands/new.ts')).registerNew,
  schema: async () => (await import('./commands/schema.ts')).registerSchema,
  compare: async () => (await import('./commands/compare.ts')).registerCompare,
  history: async () => (await import('./commands/history.ts')).registerHistory,
  verdict: async () => (await import('./commands/verdict.ts')).registerVerdict,
};

const wanted = commands[process.argv[2] ?? ''];
const registers = await Promise.all((wanted === undefined ? Object.values(commands) : [wanted]).map((load) => load()));
for (const register of registers) register(program);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.badWorkload;
  } else if (error instanceof CommandError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exit;
  } else {
    process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = EXIT.runFailed;
  }
}
