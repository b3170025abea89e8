import { createRandom } from '../core/random.ts';
import { drawFaults, type PlannedFault } from '../workloads/fault-schedule.ts';
import { swarmConfigs } from '../workloads/swarm.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Mutation } from './mutation.ts';

export type { PlannedFault } from '../workloads/fault-schedule.ts';

/**
 * All that a run depends on beside the code, as plain data: it can be saved, replayed, edited and shrunk. The seed draws
 * delays, outcomes of power losses and the like, each from a stream of its own, so that taking a fault out of the plan
 * leaves the draws of the others alone.
 */
export interface Plan {
  readonly version: 1;
  /** Its cluster is the topology, its seed that of the world. What its `faults` ask for has become `faults` below. */
  readonly workload: Workload;
  /** In the order of their times. */
  readonly faults: readonly PlannedFault[];
  /** `constant`: links and disks always take their shortest time, so that less of a failure is chance. */
  readonly latencies: 'drawn' | 'constant';
  /** How the code under test is broken on purpose; absent: not at all. */
  readonly mutation?: Mutation;
  /** Contents of the files that the workload names, as base64, by their path in it. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The run that a workload and its seed stand for. A swarm also draws configs that the file leaves open. */
export function drawPlan(workload: Workload, mutation?: Mutation): Plan {
  const drawn =
    workload.faults.kind === 'swarm'
      ? swarmConfigs(workload, createRandom(`${workload.seed}`).fork('swarm configs'))
      : workload;
  return {
    version: 1,
    workload: drawn,
    faults: drawFaults(drawn),
    latencies: 'drawn',
    ...(mutation === undefined ? {} : { mutation }),
  };
}

/** What is no plan of this version, in words for whoever wrote it. */
export class PlanError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlanError';
  }
}

/** @throws PlanError */
export function parsePlan(text: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PlanError(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  // A regression holds its plan.
  if (isObject(value) && isObject(value.plan)) value = value.plan;
  if (!isObject(value)) throw new PlanError('a plan is a JSON object');
  if (value.version !== 1)
    throw new PlanError(`version ${String(value.version)} is not 1, the one that this program reads`);
  const { workload, faults, latencies } = value;
  if (!isObject(workload) || !isObject(workload.cluster) || !isObject(workload.phases)) {
    throw new PlanError('it has no workload with a cluster and phases');
  }
  for (const list of ['topics', 'producers', 'consumers', 'expect']) {
    if (!Array.isArray(workload[list])) throw new PlanError(`its workload has no list of ${list}`);
  }
  if (typeof workload.seed !== 'number') throw new PlanError('its workload has no seed');
  if (latencies !== 'drawn' && latencies !== 'constant') {
    throw new PlanError('latencies is neither "drawn" nor "constant"');
  }
  if (!Array.isArray(faults)) throw new PlanError('it has no list of faults');
  for (const [index, fault] of faults.entries()) {
    const isFault =
      isObject(fault) && typeof fault.id === 'string' && typeof fault.atNs === 'number' && isObject(fault.action);
    if (!isFault) throw new PlanError(`faults[${index}] is not { id, atNs, action }`);
  }
  return value as unknown as Plan;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
