import { Command, CommanderError } from 'commander';
import { EXIT } from '../reports/run-record.ts';
import { registerReplay } from './commands/replay.ts';
import { registerReport } from './commands/report.ts';
import { registerRun } from './commands/run.ts';
import { registerSchema } from './commands/schema.ts';
import { registerServe } from './commands/serve.ts';
import { registerSim } from './commands/sim.ts';
import { registerValidate } from './commands/validate.ts';
import { CommandError } from './exit.ts';
import { version } from './package.ts';

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
  bench serve --port 9092 --memory                         a broker to develop against

Exit codes: 0 pass, 20 bad workload file, 21 run failed, 22 threshold breached, 23 regression,
24 durability violation, 25 inconclusive.`,
  )
  .exitOverride();

registerRun(program);
registerSim(program);
registerReplay(program);
registerReport(program);
registerServe(program);
registerValidate(program);
registerSchema(program);

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
