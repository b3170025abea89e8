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
}

/**
 * What a fault can do to a record that a broker holds. `unavailable`: nothing but delay it, and make another replica
 * lead. `unsynced`: all bytes since the last fsync are gone. `stored`: even synced bytes are gone.
 */
export type FaultReach = 'none' | 'unavailable' | 'unsynced' | 'stored';

const REACH: Readonly<Record<string, FaultReach>> = {
  kill: 'unavailable',
  crash: 'unavailable',
  restart: 'unavailable',
  'clean-shutdown': 'unavailable',
  pause: 'unavailable',
  'slow-cpu': 'unavailable',
  partition: 'unavailable',
  isolate: 'unavailable',
  cut: 'unavailable',
  'slow-link': 'unavailable',
  'connection-reset': 'unavailable',
  'disk-stall': 'unavailable',
  'disk-full': 'unavailable',
  'fsync-failure': 'unavailable',
  'power-loss': 'unsynced',
  'zone-power-loss': 'unsynced',
  'disk-replaced': 'stored',
  'disk-wiped': 'stored',
};

/** A kind that the table does not know reaches nothing, so that a new fault never excuses a loss by accident. */
export function reachOf(kind: string): FaultReach {
  return REACH[kind] ?? 'none';
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
}
