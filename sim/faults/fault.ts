import type { Random } from '../../core/runtime.ts';
import type { FaultAction, FaultKind, Selector } from '../../workloads/fault.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';

/** Knows what only the brokers know: who leads what at this moment. */
export interface TargetResolver {
  leader(topic: string, partition: number): SimNode | null;
  followers(topic: string, partition: number): readonly SimNode[];
  controller(): SimNode | null;
  broker(id: number): SimNode | null;
  /**
   * Whether every partition that one of these nodes replicates has another in-sync (or eligible) replica whose process
   * lives since it registered. KIP-966 trusts nobody who ended uncleanly, so that without one the contract promises
   * less than what was acknowledged.
   */
  survives(ended: readonly SimNode[]): boolean;
}

/** What a fault has to work with. */
export interface FaultContext {
  readonly world: World;
  readonly brokers: readonly SimNode[];
  readonly clients: readonly SimNode[];
  /** A stream of this fault's own. */
  readonly random: Random;
  /** The nodes that a selector means now; none when there is none. */
  resolve(selector: Selector): readonly SimNode[];
  /** Runs `action` after so much virtual time, unless everything was healed before. */
  after(ns: number, action: () => void): void;
}

/** A fault that has been injected. */
export interface Injected {
  readonly nodes: readonly SimNode[];
  /** The files that it damaged, where it picks some: paths on the nodes' disks. */
  readonly files?: readonly string[];
  /** Whether it took effect so far: a full disk needs a write that meets it. */
  confirmed(): boolean;
  /**
   * Ends it; idempotent. What a single blow has done is not undone, but for sectors that could not be read, which the
   * driver repairs; dead processes start again.
   */
  heal(): void;
  /** Virtual time at which it ended; null while it lasts. A single blow ends as it begins. */
  endedNs(): number | null;
}

/** null: there was nobody to hit. */
export type Inject<A extends FaultAction> = (action: A, context: FaultContext) => Injected | null;

export type ActionOf<K extends FaultKind> = Extract<FaultAction, { kind: K }>;

export const MS = 1e6;

/** Whom a fault may hit that takes or damages what a disk holds: not those who have another's, for it would be the other's. */
export function withOwnDisk(selector: Selector, context: FaultContext): readonly SimNode[] {
  return context.resolve(selector).filter((node) => !node.disk.isSwapped);
}

/** The end of a fault: acts once, however often it is called, and knows when that was. */
export function ending(world: World, action: () => void): Pick<Injected, 'heal' | 'endedNs'> {
  let endedNs: number | null = null;
  return {
    heal: () => {
      if (endedNs !== null) return;
      endedNs = world.nowNs;
      action();
    },
    endedNs: () => endedNs,
  };
}

/** A single blow that took effect at once. */
export function struck(nodes: readonly SimNode[], { world }: FaultContext): Injected | null {
  const { nowNs } = world;
  return nodes.length === 0 ? null : { nodes, confirmed: () => true, heal() {}, endedNs: () => nowNs };
}

/** A condition that is put on each node and taken from it again, after `forMs` or when all is healed. */
export function lasting(
  nodes: readonly SimNode[],
  forMs: number | null,
  context: FaultContext,
  begin: (node: SimNode) => { end: () => void; confirmed: () => boolean } | null,
): Injected | null {
  const hit: SimNode[] = [];
  const begun: { end: () => void; confirmed: () => boolean }[] = [];
  for (const node of nodes) {
    const condition = begin(node);
    if (condition === null) continue;
    hit.push(node);
    begun.push(condition);
  }
  if (hit.length === 0) return null;
  let confirmed = false;
  const isConfirmed = (): boolean => {
    confirmed ||= begun.every((condition) => condition.confirmed());
    return confirmed;
  };
  const end = ending(context.world, () => {
    isConfirmed();
    for (const condition of begun) condition.end();
  });
  if (forMs !== null) context.after(forMs * MS, end.heal);
  return { nodes: hit, confirmed: isConfirmed, ...end };
}
