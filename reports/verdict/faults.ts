import type { FaultKind } from '../../workloads/fault.ts';

/** What was done to the cluster, as the verdict reads it: when, to which brokers, and whether it took effect. */
export interface LoggedFault {
  readonly id: string;
  readonly kind: string;
  /** As the workload file wrote it: `leader(orders/0)`, `broker 2`. */
  readonly target: string;
  /** Ids of the brokers that it hit; empty when it hit none (a clock of a client, a link between clients). */
  readonly brokers: readonly number[];
  readonly atNs: number;
  /** When the brokers were back in service; null when they never were, or when that is not known. */
  readonly untilNs: number | null;
  /** False: the fault did not demonstrably take effect. */
  readonly confirmed: boolean;
  /** One of many that were drawn at random: that it found nothing to hit is no reason to doubt the run. */
  readonly byChance?: boolean;
  /** The files that it damaged, where that is known; absent: any that its brokers have. */
  readonly files?: readonly string[];
}

/**
 * What a fault can do to a record that a broker holds. `unavailable`: nothing but delay it, and make another replica
 * lead. `unsynced`: the end of the log that no fsync covered is gone. `stored`: the whole disk is another one.
 * `damaged`: bytes anywhere in the log are no longer what was written.
 */
export type FaultReach = 'none' | 'unavailable' | 'unsynced' | 'stored' | 'damaged';

/** The compiler holds this to the kinds that a workload can name. */
const REACH: Readonly<Record<FaultKind, FaultReach>> = {
  kill: 'unavailable',
  'clean-stop': 'unavailable',
  restart: 'unavailable',
  pause: 'unavailable',
  'slow-cpu': 'unavailable',
  partition: 'unavailable',
  'slow-link': 'unavailable',
  'connection-reset': 'unavailable',
  'refuse-connections': 'unavailable',
  'stall-then-reset': 'unavailable',
  'partial-reads': 'unavailable',
  'disk-full': 'unavailable',
  'disk-stall': 'unavailable',
  'slow-disk': 'unavailable',
  'disk-error': 'unavailable',
  'short-write': 'unavailable',
  // Harmless by itself; a power loss after it finds nothing synced.
  'fsync-lie': 'unavailable',
  'power-loss': 'unsynced',
  // The failed pages are dropped from the page cache, and no later fsync brings them back.
  'fsync-failure': 'unsynced',
  'disk-replace': 'stored',
  // Nobody serves another's disk, and it goes back whole.
  'disk-swap': 'unavailable',
  'bit-flip': 'damaged',
  'clock-jump': 'none',
  'clock-offset': 'none',
  'clock-drift': 'none',
};

/** A kind that the table does not know reaches nothing, so that a new fault never excuses a loss by accident. */
export function reachOf(kind: string): FaultReach {
  return Object.hasOwn(REACH, kind) ? REACH[kind as FaultKind] : 'none';
}

/** Whether it can have damaged a partition, whose directory has that name: `orders-0`, `__cluster_metadata-0`. */
export function reachesInto({ files }: Pick<LoggedFault, 'files'>, directory: string): boolean {
  return files === undefined || files.some((path) => path.split('/').includes(directory));
}

const UNCLEAN: ReadonlySet<string> = new Set<FaultKind>([
  'kill',
  'power-loss',
  'disk-replace',
  'disk-swap',
  'fsync-failure',
  'disk-error',
  'short-write',
  'disk-full',
]);

/** The broker's process ends, or may end, without a clean shutdown. */
export function endsUncleanly(kind: string): boolean {
  return UNCLEAN.has(kind);
}

/** While it lasts, fsync returns without having done anything. */
export function liesAboutSync(fault: LoggedFault): boolean {
  return fault.kind === 'fsync-lie';
}

/** Leadership and in-sync replicas of a partition from a moment on: white-box evidence of `sim` and `local`. */
export interface ControlEvent {
  readonly timeNs: number;
  /** Index in HistoryNames.partitions. */
  readonly partition: number;
  /** -1: no leader. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  /** The leader was elected from outside the in-sync replicas. */
  readonly unclean: boolean;
  /** The metadata went back to this, to an earlier state or a topic made anew: what it said before is forgotten. */
  readonly forgotten?: boolean;
}
