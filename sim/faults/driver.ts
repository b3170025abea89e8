import { endsUncleanly } from '../../reports/verdict/faults.ts';
import type { Selector } from '../../workloads/fault.ts';
import type { SimNode } from '../node.ts';
import type { PlannedFault } from '../plan.ts';
import { EventKind } from '../trace.ts';
import type { World } from '../world.ts';
import type { FaultContext, Injected, TargetResolver } from './fault.ts';
import { inject } from './kinds.ts';

/** `pending`: its time has not come. `missed`: nobody was there to hit. */
export type FaultState = 'pending' | 'missed' | 'unconfirmed' | 'confirmed';

export interface FaultReport {
  readonly id: string;
  readonly kind: PlannedFault['action']['kind'];
  /** Virtual time of the world at which it was injected; null while pending. */
  readonly atNs: number | null;
  /** When it ended; null while it lasts. */
  readonly untilNs: number | null;
  readonly nodes: readonly string[];
  readonly state: FaultState;
  readonly files?: readonly string[];
}

interface Entry {
  readonly fault: PlannedFault;
  atNs: number | null;
  injected: Injected | null;
}

/** Injects the faults of a plan at their times, knows which took effect, and heals all of them. */
export class FaultDriver {
  readonly #world: World;
  readonly #brokers: readonly SimNode[];
  readonly #clients: readonly SimNode[];
  readonly #resolver: TargetResolver;
  readonly #entries: Entry[];
  readonly #onInjected: (report: FaultReport) => void;
  #cancels: (() => void)[] = [];

  constructor(options: {
    world: World;
    brokers: readonly SimNode[];
    clients: readonly SimNode[];
    resolver: TargetResolver;
    faults: readonly PlannedFault[];
    /** Called right after each injection, also of one that missed. */
    onInjected?: (report: FaultReport) => void;
  }) {
    this.#world = options.world;
    this.#brokers = options.brokers;
    this.#clients = options.clients;
    this.#resolver = options.resolver;
    this.#entries = options.faults.map((fault) => ({ fault, atNs: null, injected: null }));
    this.#onInjected = options.onInjected ?? (() => {});
  }

  /** Times of the plan count from now. */
  start(): void {
    const startNs = this.#world.nowNs;
    for (const entry of this.#entries) {
      this.#later(startNs + entry.fault.atNs, () => this.#inject(entry));
    }
  }

  /**
   * No fault comes any more; links are whole, disks and clocks right, and every broker runs. A broker with one log
   * directory cannot start while a file in it cannot be read, so that sectors are repaired, too.
   */
  heal(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
    // The newest first, so that what was put on top is taken off first.
    for (const { injected } of [...this.#entries].reverse()) injected?.heal();
    this.#world.network.healAll();
    for (const node of this.#brokers) {
      // Of the disk that it has now: swapped, it may have met its bad sector in the other's hands.
      node.disk.repairSectors();
      if (node.state === 'paused') node.resume();
      if (node.state === 'down' || node.state === 'off') node.restart();
    }
  }

  reports(): FaultReport[] {
    return this.#entries.map((entry) => report(entry));
  }

  #inject(entry: Entry): void {
    const { fault } = entry;
    entry.atNs = this.#world.nowNs;
    const random = this.#world.random('fault', fault.id);
    const context: FaultContext = {
      world: this.#world,
      brokers: this.#brokers,
      clients: this.#clients,
      random,
      resolve: (selector) => this.#within(fault, this.#resolve(selector, context)),
      after: (ns, action) => this.#later(this.#world.nowNs + ns, action),
    };
    entry.injected = inject(fault.action, context);
    this.#onInjected(report(entry));
  }

  /** Nobody, when it is for the fault to spare whom the cluster could not lose just now. */
  #within(fault: PlannedFault, nodes: readonly SimNode[]): readonly SimNode[] {
    if (fault.survivable !== true || !endsUncleanly(fault.action.kind)) return nodes;
    return this.#resolver.survives(nodes) ? nodes : [];
  }

  #resolve(selector: Selector, { random }: FaultContext): readonly SimNode[] {
    const pick = (nodes: readonly SimNode[]): readonly SimNode[] =>
      nodes.length === 0 ? [] : [nodes[random.below(nodes.length)]!];
    const some = (node: SimNode | null): readonly SimNode[] => (node === null ? [] : [node]);
    switch (selector.kind) {
      case 'any':
        return pick(this.#brokers.filter((node) => node.state === 'running'));
      case 'all':
        return this.#brokers;
      case 'leader':
        return some(this.#resolver.leader(selector.topic, selector.partition));
      case 'follower':
        return pick(this.#resolver.followers(selector.topic, selector.partition));
      case 'controller':
        return some(this.#resolver.controller());
      case 'rack':
        return this.#brokers.filter((node) => node.rack === selector.rack);
      case 'broker':
        return some(this.#resolver.broker(selector.id));
    }
  }

  #later(atNs: number, action: () => void): void {
    this.#cancels.push(this.#world.at(atNs, action, EventKind.fault));
  }
}

function report({ fault, atNs, injected }: Entry): FaultReport {
  const state: FaultState =
    atNs === null ? 'pending' : injected === null ? 'missed' : injected.confirmed() ? 'confirmed' : 'unconfirmed';
  return {
    id: fault.id,
    kind: fault.action.kind,
    atNs,
    untilNs: injected?.endedNs() ?? null,
    nodes: injected?.nodes.map((node) => node.name) ?? [],
    state,
    ...(injected?.files === undefined ? {} : { files: injected.files }),
  };
}
