export type { DiskFaults, FailingOperation, PathMatch } from './disk/faults.ts';
export type { CrashOutcome } from './disk/page-rule.ts';
export { type DelayProfile, drawDelayNs, exponential } from './draws.ts';
export { FaultDriver, type FaultReport, type FaultState } from './faults/driver.ts';
export type { FaultContext, Injected, TargetResolver } from './faults/fault.ts';
export { inject, SIM_FAULTS } from './faults/kinds.ts';
export type { Incarnation } from './incarnation.ts';
export { type NodeOptions, type NodeState, SimNode } from './node.ts';
export { drawPlan, type Plan, PlanError, type PlannedFault, parsePlan } from './plan.ts';
export {
  type CpuProfile,
  type DiskProfile,
  type NetworkProfile,
  type Profile,
  type ProfileName,
  profiles,
} from './profiles.ts';
export { plainCodecs } from './runtime/codecs.ts';
export { type LogLevel, type LogLine, type LogSink, renderLogLine } from './runtime/logger.ts';
export { compareTraces, type Determinism, EventKind, Trace, type TraceEvent } from './trace.ts';
export { NodeFailure, type RunOptions, type RunReport, World, type WorldOptions } from './world.ts';
