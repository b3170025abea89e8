import type { Command } from 'commander';
import { EXIT } from '../../reports/run-record.ts';
import { conclude } from '../conclude.ts';
import { environment } from '../environment.ts';
import { CommandError } from '../exit.ts';
import type { Outcome } from '../outcome.ts';
import { readPlan } from '../plan-file.ts';
import { runPlan } from '../sim-run.ts';
import { createProgress } from '../terminal.ts';

interface ReplayFlags {
  verify?: boolean;
  json?: boolean;
  report?: string | boolean;
}

export function registerReplay(program: Command): void {
  program
    .command('replay')
    .argument('<plan>', 'a plan (.json), or the id of a simulated run')
    .description('Run a plan again, event for event: the workload, its faults and their times as they were drawn.')
    .option('--verify', 'run twice and name the first event that differs')
    .option('--report [file]', 'also write the HTML report to this file (it is always kept with the run)')
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', '\nExample:\n  bench replay .faultline/plans/power-loss-17.json --verify')
    .action(replayCommand);
}

async function replayCommand(which: string, flags: ReplayFlags): Promise<void> {
  const { plan, path } = readPlan(process.cwd(), which);
  const progress = createProgress(flags.json !== true);
  const replay = `bench replay ${path}`;
  const startedAt = new Date().toISOString();
  let outcome: Outcome;
  try {
    outcome = await runPlan(plan, {
      progress,
      interrupted: new Promise(() => {}),
      replay,
      verify: flags.verify === true,
    });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(EXIT.runFailed, `the run failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    progress.clear();
  }
  const files = new Map(
    Object.entries(plan.files ?? {}).map(([name, text]) => [name, new Uint8Array(Buffer.from(text, 'base64'))]),
  );
  await conclude(
    {
      workload: plan.workload,
      workloadText: JSON.stringify(plan.workload, null, 2),
      files,
      startedAt,
      environment: environment(),
      replay,
    },
    outcome,
    plan,
    flags,
  );
}
