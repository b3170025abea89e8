/**
 * Faults as a workload names them: what, on which target, when. The simulator and the live runner turn them into
 * concrete events on concrete brokers; each confirms that its fault took effect (an unconfirmed one makes the verdict
 * `unknown`). At the end of the measured part everything is healed: links restored, brokers started, clocks set right.
 */

export type FaultPlan =
  | { readonly kind: 'list'; readonly faults: readonly FaultSpec[] }
  /** A random subset of `kinds`, drawn from the seed, each at random times with `everyMs` between faults on average. */
  | { readonly kind: 'swarm'; readonly everyMs: number; readonly kinds: readonly FaultKind[] };

export interface FaultSpec {
  /** "f1", "f2", … by place in the file; occurrences of a repeated one are "f2.1", "f2.2", …. */
  readonly id: string;
  readonly when: FaultTime;
  /** One of these is drawn for each occurrence; usually there is just one. */
  readonly oneOf: readonly FaultAction[];
}

export type FaultTime =
  | { readonly kind: 'at'; readonly atMs: number }
  /** From `fromMs` (default: one interval after time zero) to `untilMs` (null: end of the measured part). */
  | {
      readonly kind: 'every';
      readonly everyMs: number;
      readonly arrival: 'constant' | 'poisson';
      readonly fromMs: number;
      readonly untilMs: number | null;
      /** An occurrence that would end the last of a partition's in-sync replicas is left out: the fault budget. */
      readonly survivable?: true;
    };

/** Who is hit. What it means is looked up at the moment of the fault. */
export type Selector =
  /** One broker, drawn from the seed. */
  | { readonly kind: 'any' }
  | { readonly kind: 'all' }
  | { readonly kind: 'leader'; readonly topic: string; readonly partition: number }
  /** One of the followers, drawn from the seed. */
  | { readonly kind: 'follower'; readonly topic: string; readonly partition: number }
  /** The active controller. */
  | { readonly kind: 'controller' }
  | { readonly kind: 'rack'; readonly rack: string }
  | { readonly kind: 'broker'; readonly id: number };

interface On {
  readonly target: Selector;
}
/** null: until the measured part ends. */
interface RestartAfter {
  readonly restartAfterMs: number | null;
}
/** null: until the measured part ends. */
interface For {
  readonly forMs: number | null;
}

export type FaultAction =
  // Process
  /** SIGKILL: the page cache survives. */
  | ({ readonly kind: 'kill' } & On & RestartAfter)
  /** All processes of the target die at once; unsynced bytes follow the page rule. */
  | ({ readonly kind: 'power-loss' } & On & RestartAfter)
  /** Orderly stop (controlled shutdown), no automatic start before restartAfterMs. */
  | ({ readonly kind: 'clean-stop' } & On & RestartAfter)
  /** Orderly stop and start at once, as in a rolling upgrade. */
  | ({ readonly kind: 'restart' } & On)
  /** SIGSTOP … SIGCONT: a long garbage collection, a suspended virtual machine. */
  | ({ readonly kind: 'pause' } & On & For)
  | ({ readonly kind: 'slow-cpu'; readonly factor: number } & On & For)
  // Network
  | ({
      readonly kind: 'partition';
      readonly shape: PartitionShape;
      /** Links come and go with this half-period instead of staying cut; null: they stay cut. */
      readonly flapMs: number | null;
    } & For)
  /** Added to every link of the target; null bandwidth: unchanged. */
  | ({
      readonly kind: 'slow-link';
      readonly delayMs: number;
      readonly jitterMs: number;
      readonly bytesPerSecond: number | null;
    } & On &
      For)
  | ({ readonly kind: 'connection-reset' } & On)
  | ({ readonly kind: 'refuse-connections' } & On & For)
  /** Bytes stop, and at the end of the stall the connections are reset. */
  | ({ readonly kind: 'stall-then-reset' } & On & For)
  /** Data arrives in pieces of a few bytes. */
  | ({ readonly kind: 'partial-reads' } & On & For)
  // Disk
  | ({ readonly kind: 'disk-full' } & On & For)
  | ({ readonly kind: 'disk-stall'; readonly operations: 'all' | 'sync' } & On & For)
  /** Every operation takes `factor` times as long. */
  | ({ readonly kind: 'slow-disk'; readonly factor: number } & On & For)
  /** EIO once per open file; the failed pages are clean afterwards. */
  | ({ readonly kind: 'fsync-failure' } & On)
  /** fsync answers success and makes nothing durable. */
  | ({ readonly kind: 'fsync-lie' } & On & For)
  /** The next such operation fails with EIO (read: sticky on that sector; open: EMFILE). */
  | ({ readonly kind: 'disk-error'; readonly operation: DiskOperation } & On)
  /** A write that ends early: a prefix is on disk and the call fails. */
  | ({ readonly kind: 'short-write' } & On)
  /** A sticky flipped bit in data already written. */
  | ({ readonly kind: 'bit-flip' } & On)
  /** The broker dies and comes back with an empty disk. */
  | ({ readonly kind: 'disk-replace' } & On & RestartAfter)
  /** Two brokers die and come back with each other's disk. */
  | ({ readonly kind: 'disk-swap'; readonly with: Selector } & On & RestartAfter)
  // Clock
  /** The wall clock jumps once and stays there. */
  | ({ readonly kind: 'clock-jump'; readonly byMs: number } & On)
  /** The wall clock is off by this much, then right again. */
  | ({ readonly kind: 'clock-offset'; readonly byMs: number } & On & For)
  | ({ readonly kind: 'clock-drift'; readonly partsPerMillion: number } & On & For);

export type FaultKind = FaultAction['kind'];

export type DiskOperation = 'open' | 'read' | 'write' | 'sync' | 'truncate' | 'rename' | 'unlink' | 'directory-sync';

export type PartitionShape =
  /** Cuts the target off. `clients`: from clients too. Direction as the target sees it: `in` = it hears nobody. */
  | {
      readonly kind: 'isolate';
      readonly target: Selector;
      readonly clients: boolean;
      readonly direction: 'both' | 'in' | 'out';
    }
  /** A random split into a majority and a minority; clients are on both sides. */
  | { readonly kind: 'halves' }
  /** Two halves that share one broker. */
  | { readonly kind: 'bridge' }
  /** Every broker sees a majority, and no two see the same one. */
  | { readonly kind: 'majority-ring' };

/** What each target world can inject. A cluster that we do not run takes no fault at all. */
export const LOCAL_FAULTS: readonly FaultKind[] = [
  'kill',
  'clean-stop',
  'restart',
  'pause',
  'partition',
  'slow-link',
  'connection-reset',
  'refuse-connections',
  'stall-then-reset',
];
