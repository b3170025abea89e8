import type { Broker } from '../../core/broker/index.ts';
import type { FaultConductor } from '../../workloads/actors/conduct.ts';
import type { Workload } from '../../workloads/workload.ts';
import type { SimNode } from '../node.ts';
import type { PlannedFault } from '../plan.ts';
import type { World } from '../world.ts';
import { FaultDriver } from './driver.ts';
import type { TargetResolver } from './fault.ts';

/** A fault as the verdict and the report want it; times since time zero. */
export interface FaultOutcome {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  readonly brokers: readonly number[];
  readonly atNs: number;
  readonly untilNs: number | null;
  readonly confirmed: boolean;
  readonly byChance: boolean;
  readonly files?: readonly string[];
}

export interface SimulatedBrokers {
  readonly nodes: readonly SimNode[];
  /** Null while its process is down or still starting. */
  broker(id: number): Broker | null;
}

export interface SimFaultConductor extends FaultConductor {
  outcomes(): FaultOutcome[];
}

const BACK_POLL_MS = 10;

/** Injects a plan's faults into the brokers of a run; healing waits until every broker answers again. */
export function createFaultConductor(options: {
  world: World;
  workload: Workload;
  cluster: SimulatedBrokers;
  clients: readonly SimNode[];
  faults: readonly PlannedFault[];
  /** For the wait while brokers come back; of a node that no fault hits. */
  sleep: (ms: number) => Promise<void>;
  healTimeoutMs: number;
}): SimFaultConductor {
  const { world, cluster, clients, faults, sleep } = options;
  const driver = new FaultDriver({
    world,
    brokers: cluster.nodes,
    clients,
    resolver: resolverOf(cluster),
    faults,
  });
  const byChance = new Map(faults.map((fault) => [fault.id, fault.byChance]));
  const rackOf = new Map(
    faults.flatMap(({ id, action }) =>
      'target' in action && action.target.kind === 'rack' ? [[id, `rack ${action.target.rack}: `] as const] : [],
    ),
  );
  const idOf = new Map(cluster.nodes.map((node, index) => [node.name, index + 1]));
  let zeroNs = 0;
  return {
    start(startNs) {
      zeroNs = startNs;
      world.at(startNs, () => driver.start());
    },
    async heal() {
      driver.heal();
      const deadlineNs = world.nowNs + options.healTimeoutMs * 1e6;
      while (!isSettled(cluster) && world.nowNs < deadlineNs) await sleep(BACK_POLL_MS);
    },
    outcomes() {
      return driver.reports().flatMap(({ id, kind, atNs, untilNs, nodes, state, files }) => {
        // A run that was stopped early has faults whose time did not come: they are no part of it.
        if (atNs === null) return [];
        const brokers = nodes.flatMap((name) => idOf.get(name) ?? []);
        return [
          {
            id,
            kind,
            target:
              nodes.length === 0
                ? 'nobody'
                : brokers.length === nodes.length
                  ? `${rackOf.get(id) ?? ''}${brokersText(brokers)}`
                  : nodes.join(', '),
            brokers,
            atNs: atNs - zeroNs,
            untilNs: untilNs === null ? null : untilNs - zeroNs,
            confirmed: state === 'confirmed',
            byChance: byChance.get(id) === true,
            ...(files === undefined ? {} : { files }),
          },
        ];
      });
    },
  };
}

/**
 * Whether every broker is back and has heard of all that the newest controller has decided: one that has not may lead on
 * in an epoch that is over, and tell whoever asks it for the end of a log that ends elsewhere.
 */
function isSettled(cluster: SimulatedBrokers): boolean {
  const images = cluster.nodes.map((_, index) => cluster.broker(index + 1)?.metadataNode.metadata.image ?? null);
  const [first] = images;
  return images.every((image) => image !== null && image.epoch === first?.epoch && image.endOffset === first.endOffset);
}

function brokersText(brokers: readonly number[]): string {
  return brokers.length === 1 ? `broker ${brokers[0]}` : `brokers ${brokers.join(', ')}`;
}

/** Asks the brokers themselves, the one with the newest metadata first. */
function resolverOf(cluster: SimulatedBrokers): TargetResolver {
  const newest = (): Broker | null => {
    let best: Broker | null = null;
    for (const [index, { state }] of cluster.nodes.entries()) {
      const broker = cluster.broker(index + 1);
      if (broker === null || state !== 'running') continue;
      if (best === null || broker.metadataNode.metadata.image.endOffset > best.metadataNode.metadata.image.endOffset)
        best = broker;
    }
    return best;
  };
  const node = (id: number): SimNode | null => cluster.nodes[id - 1] ?? null;
  const partition = (topic: string, index: number) =>
    newest()?.metadataNode.metadata.image.topicsByName.get(topic)?.partitions[index];
  return {
    leader: (topic, index) => node(partition(topic, index)?.leader ?? -1),
    followers(topic, index) {
      const found = partition(topic, index);
      if (found === undefined) return [];
      return found.replicas.filter((id) => id !== found.leader).flatMap((id) => node(id) ?? []);
    },
    survives(ended) {
      const image = newest()?.metadataNode.metadata.image;
      if (image === undefined) return false;
      const ids = new Set(cluster.nodes.flatMap((each, index) => (ended.includes(each) ? [index + 1] : [])));
      const lives = (id: number): boolean => !ids.has(id) && cluster.broker(id) !== null;
      for (const { partitions } of image.topicsByName.values()) {
        for (const { replicas, isr, elr } of partitions.values()) {
          if (replicas.some((id) => ids.has(id)) && ![...isr, ...elr].some(lives)) return false;
        }
      }
      return true;
    },
    controller: () => node(newest()?.metadataNode.metadata.controllerId ?? -1),
    broker: node,
  };
}
