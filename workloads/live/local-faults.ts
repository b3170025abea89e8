import { createRandom } from '../../core/random.ts';
import type { FaultConductor } from '../actors/conduct.ts';
import type { FaultAction, Selector } from '../fault.ts';
import { drawFaults, type PlannedFault } from '../fault-schedule.ts';
import { formatSelector } from '../selectors.ts';
import { rackOf, type Workload } from '../workload.ts';
import type { BrokerProcess } from './broker-process.ts';
import type { LocalCluster } from './local-cluster.ts';
import { injectNetworkFault, isNetworkAction, type NetworkAction } from './network-faults.ts';

/** A fault as the verdict and the report want it; times since time zero. */
export interface LiveFault {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly brokers: readonly number[];
  readonly atNs: number;
  untilNs: number | null;
  /** A condition of the network is confirmed at its end, by what it held back. */
  confirmed: boolean;
}

const GRACE_MS = 10_000;

/** Who leads a partition now, -1 for nobody known. */
export type LeaderOf = (
  topic: string,
  partition: number,
) => Promise<{ leader: number; replicas: readonly number[] } | null>;

/** Real signals to real processes, at the times of the plan. */
export class LocalFaults implements FaultConductor {
  readonly faults: LiveFault[] = [];
  /** From the start of a process to its answer, milliseconds, in the order of the restarts. */
  readonly recoveriesMs: number[] = [];
  readonly #workload: Workload;
  readonly #cluster: LocalCluster;
  readonly #planned: readonly PlannedFault[];
  readonly #leaderOf: LeaderOf;
  readonly #now: () => number;
  readonly #controllerOf: () => Promise<number>;
  readonly #problem: (text: string) => void;
  readonly #inForce = new Set<() => Promise<void>>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #under = new Set<Promise<void>>();
  #healing = false;

  constructor(options: {
    workload: Workload;
    cluster: LocalCluster;
    leaderOf: LeaderOf;
    /** The active controller, -1 for nobody known. */
    controllerOf: () => Promise<number>;
    now: () => number;
    problem: (text: string) => void;
  }) {
    this.#workload = options.workload;
    this.#cluster = options.cluster;
    this.#planned = drawFaults(options.workload);
    this.#leaderOf = options.leaderOf;
    this.#controllerOf = options.controllerOf;
    this.#now = options.now;
    this.#problem = options.problem;
  }

  start(): void {
    for (const fault of this.#planned) {
      this.#after((fault.atNs - this.#now()) / 1e6, () => this.#inject(fault));
    }
  }

  async heal(): Promise<void> {
    this.#healing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    await Promise.all(this.#under);
    // The newest first, so that what was put on top is taken off first.
    for (const end of [...this.#inForce].reverse()) await end();
    for (const broker of this.#cluster.brokers) broker.resume();
    await Promise.all(this.#cluster.brokers.map((broker) => this.#startAgain(broker)));
    const nowNs = this.#now();
    for (const fault of this.faults) fault.untilNs ??= nowNs;
  }

  #after(ms: number, action: () => Promise<void>): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        const running = action().catch((error: unknown) => {
          this.#problem(`a fault could not be injected: ${error instanceof Error ? error.message : String(error)}`);
        });
        this.#under.add(running);
        void running.then(() => this.#under.delete(running));
      },
      Math.max(0, ms),
    );
    this.#timers.add(timer);
  }

  async #inject({ id, action }: PlannedFault): Promise<void> {
    if (isNetworkAction(action)) return this.#injectNetwork(id, action);
    if (!('target' in action)) return this.#unsupported(id, action);
    const brokers = await this.#resolve(action.target, id);
    const atNs = this.#now();
    let confirmed = brokers.length > 0;
    for (const broker of brokers) confirmed = (await this.#strike(action, broker)) && confirmed;
    const ids = brokers.map(({ options }) => options.nodeId);
    const target = ids.length === 0 ? formatSelector(action.target) : namesOf(ids);
    const fault: LiveFault = { id, kind: action.kind, target, brokers: ids, atNs, untilNs: null, confirmed };
    this.faults.push(fault);
    const endMs =
      action.kind === 'pause'
        ? action.forMs
        : action.kind === 'restart'
          ? 0
          : 'restartAfterMs' in action
            ? action.restartAfterMs
            : null;
    if (endMs === null || this.#healing) return;
    this.#after(endMs, async () => {
      for (const broker of brokers) {
        if (action.kind === 'pause') broker.resume();
        else await this.#startAgain(broker);
      }
      fault.untilNs = this.#now();
    });
  }

  async #injectNetwork(id: string, action: NetworkAction): Promise<void> {
    const { network } = this.#cluster;
    if (network === null) return this.#unsupported(id, action);
    const selector =
      action.kind !== 'partition' ? action.target : action.shape.kind === 'isolate' ? action.shape.target : null;
    const targets = selector === null ? [] : await this.#resolve(selector, id);
    const ids = targets.map(({ options }) => options.nodeId);
    const random = createRandom(`${this.#workload.seed} ${id} shape`);
    const atNs = this.#now();
    const injected = await injectNetworkFault(network, action, ids, random);
    const brokers = injected?.brokers ?? [];
    const target = brokers.length > 0 ? namesOf(brokers) : selector === null ? 'nobody' : formatSelector(selector);
    const fault: LiveFault = { id, kind: action.kind, target, brokers, atNs, untilNs: null, confirmed: false };
    this.faults.push(fault);
    if (injected === null) return;
    const end = async (): Promise<void> => {
      if (!this.#inForce.delete(end)) return;
      fault.confirmed = injected.confirmed();
      await injected.end();
      fault.untilNs = this.#now();
    };
    this.#inForce.add(end);
    const endMs = 'forMs' in action ? action.forMs : 0;
    if (endMs !== null && !this.#healing) this.#after(endMs, end);
  }

  async #strike(action: FaultAction, broker: BrokerProcess): Promise<boolean> {
    switch (action.kind) {
      case 'kill':
        return broker.kill();
      case 'pause':
        return broker.pause();
      case 'clean-stop':
      case 'restart':
        return broker.stop(GRACE_MS);
      default:
        this.#problem(`${action.kind} is not possible on this machine`);
        return false;
    }
  }

  #unsupported(id: string, action: FaultAction): void {
    this.#problem(`${action.kind} is not possible on this machine`);
    this.faults.push({
      id,
      kind: action.kind,
      target: 'nobody',
      brokers: [],
      atNs: this.#now(),
      untilNs: null,
      confirmed: false,
    });
  }

  async #startAgain(broker: BrokerProcess): Promise<void> {
    if (broker.running) return;
    try {
      await broker.start();
      this.recoveriesMs.push(broker.startsMs.at(-1)!);
    } catch (error) {
      this.#problem(error instanceof Error ? error.message : String(error));
    }
  }

  async #resolve(selector: Selector, id: string): Promise<readonly BrokerProcess[]> {
    const all = this.#cluster.brokers;
    const random = createRandom(`${this.#workload.seed} ${id} target`);
    const pick = (from: readonly BrokerProcess[]): readonly BrokerProcess[] =>
      from.length === 0 ? [] : [from[random.below(from.length)]!];
    switch (selector.kind) {
      case 'any':
        return pick(all.filter((broker) => broker.running));
      case 'all':
        return all;
      case 'broker':
        return all.filter(({ options }) => options.nodeId === selector.id);
      case 'rack':
        return all.filter(({ options }) => rackOf(this.#workload.cluster, options.nodeId) === selector.rack);
      case 'leader':
      case 'follower': {
        const found = await this.#leaderOf(selector.topic, selector.partition);
        if (found === null) return [];
        if (selector.kind === 'leader') return all.filter(({ options }) => options.nodeId === found.leader);
        return pick(
          all.filter(({ options }) => found.replicas.includes(options.nodeId) && options.nodeId !== found.leader),
        );
      }
      case 'controller': {
        const controller = all.length === 1 ? all[0]!.options.nodeId : await this.#controllerOf();
        return all.filter(({ options }) => options.nodeId === controller);
      }
    }
  }
}

function namesOf(ids: readonly number[]): string {
  return `broker${ids.length > 1 ? 's' : ''} ${ids.join(', ')}`;
}
