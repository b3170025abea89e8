import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Histogram } from '../reports/histogram.ts';
import { renderReport } from '../reports/html.ts';
import { type LatencyName, type RunRecord, toJson } from '../reports/run-record.ts';
import { claimRunId, writeRun } from '../reports/run-store.ts';
import { type PairPlace, RunStore } from '../reports/store/store.ts';
import type { Story } from '../reports/story/story.ts';
import { summaryOf } from '../reports/summary.ts';
import type { Plan } from '../sim/plan.ts';
import { assemble, type RunContext } from './assemble.ts';
import type { Outcome } from './outcome.ts';
import { PLAN_FILE, writePlan } from './plan-file.ts';
import { storyOfPlan } from './story.ts';
import { useColor } from './terminal.ts';

/** Longer runs are told by `bench explain`. */
const STORY_SECONDS_MAX = 20;

/** Keeps a run that has ended, with its plan if it was simulated, and prints it; sets the exit code. */
export async function conclude(
  context: RunContext,
  outcome: Outcome,
  plan: Plan | null,
  flags: { readonly json?: boolean; readonly report?: string | boolean },
): Promise<void> {
  const { record: drafted, histograms } = assemble(context, outcome);
  const id = await claimRunId(process.cwd(), drafted.id);
  const record = { ...drafted, id, ...(await toldBy(plan, outcome, drafted)) };
  const directory = await writeRun(process.cwd(), record);
  keep(record, histograms);
  if (plan !== null) writePlan(join(directory, PLAN_FILE), plan);
  const reportPath = await writeReport(record, directory, flags.report);
  if (flags.json === true) process.stdout.write(toJson(record));
  else {
    for (const problem of outcome.problems.slice(0, 8)) process.stderr.write(`note: ${problem}\n`);
    process.stdout.write(
      summaryOf(record, {
        color: useColor,
        columns: process.stdout.isTTY ? (process.stdout.columns ?? 100) : Number.POSITIVE_INFINITY,
        reportPath: relative(process.cwd(), reportPath),
      }),
    );
  }
  process.exitCode = record.exit;
}

/** A simulated run that broke a promise is replayed to tell how, unless that would take long. */
async function toldBy(plan: Plan | null, { verdict, sim }: Outcome, { replay }: RunRecord): Promise<{ story?: Story }> {
  if (plan === null || (sim?.wallSeconds ?? 0) > STORY_SECONDS_MAX) return {};
  const { story } = await storyOfPlan({ plan, verdict, replay });
  return story === null ? {} : { story };
}

/** In the store, too; one that cannot be written spoils no run that has ended. */
function keep(record: RunRecord, histograms: ReadonlyMap<LatencyName, Histogram>): void {
  try {
    using store = RunStore.in(process.cwd());
    store.append(record, histograms, pairPlace(process.env.FAULTLINE_PAIR));
  } catch (error) {
    process.stderr.write(
      `note: the run is not in the store: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  }
}

/** Set by `bench compare --pairs` for the runs that it starts. */
function pairPlace(text: string | undefined): PairPlace | undefined {
  const found = /^([\w-]+):([ab]):(\d+)$/.exec(text ?? '');
  return found === null ? undefined : { id: found[1]!, arm: found[2] === 'a' ? 'a' : 'b', index: Number(found[3]) };
}

/** A run of a pair is one of many: its page takes as long as the run and is left to `bench report`. */
async function writeReport(
  record: RunRecord,
  directory: string,
  wanted: string | boolean | undefined,
): Promise<string> {
  const kept = join(directory, 'report.html');
  if (wanted === undefined && process.env.FAULTLINE_PAIR !== undefined) return kept;
  const page = await renderReport(record);
  await writeFile(kept, page);
  if (typeof wanted !== 'string') return kept;
  await writeFile(wanted, page);
  return wanted;
}
