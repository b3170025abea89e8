import type { HistoryRecorder } from '../reports/history/writer.ts';
import { EXIT } from '../reports/run-record.ts';
import type { Plan } from '../sim/plan.ts';
import { CommandError } from './exit.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf, simulateHere, verifyHere } from './simulate.ts';
import { bar, grouped, type Progress } from './terminal.ts';

export interface SimRunParts {
  readonly progress: Progress;
  readonly interrupted: Promise<void>;
  readonly replay: string;
  readonly verify: boolean;
  readonly history?: HistoryRecorder;
}

/** Runs a plan on this process for a person who watches; with `verify` twice more, to compare every event. */
export async function runPlan(plan: Plan, parts: SimRunParts): Promise<Outcome> {
  const { progress, interrupted, replay } = parts;
  const { phases } = plan.workload;
  const plannedSeconds = (phases.warmupMs + phases.measureMs) / 1000;
  if (parts.verify) {
    progress.update('running twice to compare every event');
    const determinism = await verifyHere({ plan, interrupted });
    if (determinism.kind === 'different') {
      const { index, first, second } = determinism;
      throw new CommandError(
        EXIT.runFailed,
        `two runs of this plan differ from event ${index} on: ${JSON.stringify(first)} and ${JSON.stringify(second)}`,
      );
    }
  }
  const startedAt = performance.now();
  const simulated = await simulateHere({
    plan,
    interrupted,
    replay,
    ...(parts.history === undefined ? {} : { history: parts.history }),
    onProgress: ({ phase, virtualSeconds, events }) => {
      const share = virtualSeconds / plannedSeconds;
      const wall = (performance.now() - startedAt) / 1000;
      const speed = (virtualSeconds / wall).toFixed(0);
      progress.update(
        `${bar(share)} ${phase}  ${virtualSeconds.toFixed(1)} virtual s (×${speed})  ${grouped(events)} events`,
      );
    },
  });
  return outcomeOf(simulated, (performance.now() - startedAt) / 1000);
}
