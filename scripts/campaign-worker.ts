import { isMainThread } from 'node:worker_threads';
import type { ExitCode } from '../reports/run-record.ts';
import type { Judgement, RuleId } from '../reports/verdict/result.ts';
import type { Plan } from '../sim/plan.ts';
import type { SimulationOutcome } from '../sim/run.ts';
import type { Determinism } from '../sim/trace.ts';
import { judge } from './judge.ts';
import { failedRules, outcomeOf, simulateHere, simulateUntil, verifyHere } from './simulate.ts';

// A fault makes errors by the hundred, and where each was made is looked at only when the seed is replayed.
if (!isMainThread) Error.stackTraceLimit = 0;

export interface SeedTask {
  readonly plan: Plan;
  readonly verify: boolean;
  /** The run may end as soon as one of these has failed. */
  readonly until?: readonly RuleId[];
}

export interface SeedResult {
  readonly seed: number;
  readonly judgement: Judgement;
  readonly exit: ExitCode;
  readonly sentence: string;
  /** Id of the clause that allowed a loss. */
  readonly clause: string | null;
  /** Ids of the rules that did not pass. */
  readonly rules: readonly string[];
  /** Those of them that failed. */
  readonly failed: readonly RuleId[];
  /** The run itself failed. */
  readonly error: string | null;
  readonly hash: string;
  readonly events: number;
  readonly virtualSeconds: number;
  /** Of this thread's processor, for the whole task. */
  readonly cpuSeconds: number;
  readonly acked: number;
  readonly determinism: Determinism | null;
  /** Where the plan of a failure was kept. */
  readonly plan?: string;
  /** How often rare things happened, and how often each kind of fault took effect. */
  readonly marks: Readonly<Record<string, number>>;
}

/** One seed of a campaign: run it, judge it, keep only what the campaign needs. */
export default async function runSeed(task: SeedTask): Promise<SeedResult> {
  const { plan, verify, until } = task;
  const startedCpu = process.threadCpuUsage();
  const { workload } = plan;
  const determinism = verify ? await verifyHere({ plan }) : null;
  const startedAt = performance.now();
  const simulated = await (until === undefined ? simulateHere({ plan }) : simulateUntil(until, { plan }));
  const outcome = outcomeOf(simulated, (performance.now() - startedAt) / 1000);
  const { exit, acked } = judge(workload, outcome);
  const notPassed = simulated.verdict.rules.filter(({ result }) => result !== 'pass');
  return {
    seed: workload.seed,
    judgement: simulated.verdict.result,
    exit,
    sentence: simulated.verdict.sentence,
    clause: notPassed.find(({ clause }) => clause !== undefined)?.clause ?? null,
    rules: notPassed.map(({ rule }) => rule),
    failed: failedRules(simulated.verdict),
    error: null,
    hash: outcome.sim!.hash,
    events: outcome.sim!.events,
    virtualSeconds: outcome.sim!.virtualSeconds,
    cpuSeconds: secondsOf(process.threadCpuUsage(startedCpu)),
    acked,
    determinism,
    marks: marksOf(simulated),
  };
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6;
}

function marksOf({ marks, faults }: SimulationOutcome): Record<string, number> {
  const all: Record<string, number> = { ...marks };
  for (const { kind, confirmed } of faults) {
    if (confirmed) all[`fault: ${kind}`] = (all[`fault: ${kind}`] ?? 0) + 1;
  }
  return all;
}
