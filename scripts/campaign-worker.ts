import type { ExitCode } from '../reports/run-record.ts';
import type { Judgement, RuleId } from '../reports/verdict/result.ts';
import type { Plan } from '../sim/plan.ts';
import type { Determinism } from '../sim/trace.ts';
import { judge } from './assemble.ts';
import { outcomeOf, simulateHere, verifyHere } from './simulate.ts';

export interface SeedTask {
  readonly plan: Plan;
  readonly verify: boolean;
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
  readonly acked: number;
  readonly determinism: Determinism | null;
}

/** One seed of a campaign: run it, judge it, keep only what the campaign needs. */
export default async function runSeed(task: SeedTask): Promise<SeedResult> {
  const { plan, verify } = task;
  const { workload } = plan;
  const determinism = verify ? await verifyHere({ plan }) : null;
  const startedAt = performance.now();
  const simulated = await simulateHere({ plan });
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
    failed: notPassed.filter(({ result }) => result === 'fail').map(({ rule }) => rule),
    error: null,
    hash: outcome.sim!.hash,
    events: outcome.sim!.events,
    virtualSeconds: outcome.sim!.virtualSeconds,
    acked,
    determinism,
  };
}
