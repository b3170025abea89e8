import { parseWorkload } from '../../workloads/parse.ts';
import { drawPlan, type Plan } from '../plan.ts';

/** The plan of a workload file's text under a seed; `set` as on the command line. */
export function planOf(text: string, seed: number, set: readonly string[] = []): Plan {
  const parsed = parseWorkload(text, { file: 'scenario.yaml', set: [...set, `seed=${seed}`] });
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join('; '));
  return drawPlan(parsed.workload);
}
