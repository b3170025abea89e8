import type { FaultAction } from '../workloads/fault.ts';
import type { Workload } from '../workloads/workload.ts';
import type { ProfileName } from './profiles.ts';

/**
 * All that a run depends on beside the code, as plain data: it can be saved, replayed, edited and shrunk. The seed draws
 * delays, outcomes of power losses and the like, each from a stream of its own, so that taking a fault out of the plan
 * leaves the draws of the others alone.
 */
export interface Plan {
  readonly version: 1;
  readonly seed: string;
  readonly topology: Topology;
  readonly workload: Workload;
  /** In the order of their times. */
  readonly faults: readonly PlannedFault[];
}

export interface Topology {
  readonly profile: ProfileName;
  readonly brokers: readonly PlannedNode[];
  readonly clients: readonly PlannedNode[];
}

export interface PlannedNode {
  readonly name: string;
  readonly host: string;
  readonly rack: string;
}

/** One fault at one time. Whom its selector means is looked up when the time has come. */
export interface PlannedFault {
  readonly id: string;
  /** From the start of the load. */
  readonly atNs: number;
  readonly action: FaultAction;
}
