import type { FaultAction, FaultKind } from '../../workloads/fault.ts';
import { clockDrift, clockJump, clockOffset } from './clock.ts';
import { connectionReset, refuseConnections, stallThenReset } from './connections.ts';
import { bitFlip, diskError, diskFull, diskStall, fsyncFailure, fsyncLie, shortWrite, slowDisk } from './disk.ts';
import type { ActionOf, FaultContext, Inject, Injected } from './fault.ts';
import { partialReads, slowLink } from './links.ts';
import { partition } from './partition.ts';
import { cleanStop, diskReplace, diskSwap, kill, powerLoss, restart } from './process-end.ts';
import { pause, slowCpu } from './processor.ts';

/** One entry for every kind that a workload can name; the compiler sees to it. */
const KINDS: { readonly [K in FaultKind]: Inject<ActionOf<K>> } = {
  kill,
  'power-loss': powerLoss,
  'clean-stop': cleanStop,
  restart,
  pause,
  'slow-cpu': slowCpu,
  partition,
  'slow-link': slowLink,
  'connection-reset': connectionReset,
  'refuse-connections': refuseConnections,
  'stall-then-reset': stallThenReset,
  'partial-reads': partialReads,
  'disk-full': diskFull,
  'disk-stall': diskStall,
  'slow-disk': slowDisk,
  'fsync-failure': fsyncFailure,
  'fsync-lie': fsyncLie,
  'disk-error': diskError,
  'short-write': shortWrite,
  'bit-flip': bitFlip,
  'disk-replace': diskReplace,
  'disk-swap': diskSwap,
  'clock-jump': clockJump,
  'clock-offset': clockOffset,
  'clock-drift': clockDrift,
};

/** Every kind that the simulator can inject: all. */
export const SIM_FAULTS: readonly FaultKind[] = Object.keys(KINDS) as FaultKind[];

export function inject(action: FaultAction, context: FaultContext): Injected | null {
  return (KINDS[action.kind] as Inject<FaultAction>)(action, context);
}
