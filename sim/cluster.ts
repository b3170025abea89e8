import { Broker, type InitialController } from '../core/broker/index.ts';
import { uuidText } from '../core/controller/index.ts';
import type { Quorum } from '../core/quorum/quorum.ts';
import type { Runtime } from '../core/runtime.ts';
import { brokerIds, rackOf, type Workload } from '../workloads/workload.ts';
import type { Incarnation } from './incarnation.ts';
import type { Mutation } from './mutation.ts';
import type { SimNode } from './node.ts';
import type { World } from './world.ts';

const CLUSTER_ID = 'c2ltdWxhdGVkLWNsdXN0ZQ';
const CLIENT_PORT = 9092;
const CONTROLLER_PORT = 9093;
/** How long a process stays down that ended by itself. */
const SUPERVISOR_NS = 1e9;

const OFFSETS_PARTITIONS = 'offsets.topic.num.partitions';

/** The brokers of a run, on their nodes; a node's process is started anew by its boot. */
export class SimulatedCluster {
  readonly nodes: readonly SimNode[];
  readonly bootstrap: readonly string[];
  /** By node, with the life of the process that it belongs to. */
  readonly #brokers: ({ broker: Broker; life: Incarnation } | null)[];
  readonly #quorums: ({ quorum: Quorum; life: Incarnation } | null)[];
  /** Nodes whose controller has started once: who formats a new cluster does so only then, and not after a disk was replaced. */
  readonly #formatted = new Set<number>();
  readonly #workload: Workload;
  readonly #mutation: Mutation;
  readonly #problem: (text: string) => void;
  /** Told of every process that answers. */
  onStarted: (broker: Broker) => void = () => {};

  constructor(world: World, workload: Workload, mutation: Mutation, problem: (text: string) => void) {
    this.#workload = workload;
    this.#mutation = mutation;
    this.#problem = problem;
    const ids = brokerIds(workload.cluster);
    this.#brokers = ids.map(() => null);
    this.#quorums = ids.map(() => null);
    this.bootstrap = ids.map((id) => `${host(id)}:${CLIENT_PORT}`);
    this.nodes = ids.map((id) => {
      const rack = rackOf(workload.cluster, id);
      return world.addNode({
        name: host(id),
        host: host(id),
        ...(rack === null ? {} : { rack }),
        boot: (runtime, node) => this.#boot(id, runtime, node),
        shutdown: async () => this.broker(id)?.close(),
      });
    });
  }

  /** Null while its process is down or still starting. */
  broker(brokerId: number): Broker | null {
    const entry = this.#brokers[brokerId - 1];
    return entry?.life.alive ? entry.broker : null;
  }

  /** The part of that node in the metadata quorum, which it has before its broker answers; null while it is down. */
  quorum(brokerId: number): Quorum | null {
    const entry = this.#quorums[brokerId - 1];
    return entry?.life.alive ? entry.quorum : null;
  }

  /** How many partitions the topic of committed offsets gets. */
  get offsetsPartitions(): number {
    return Number(brokerConfig(this.#workload, 1)[OFFSETS_PARTITIONS]);
  }

  nodeOf(brokerId: number): SimNode | undefined {
    return this.nodes[brokerId - 1];
  }

  async #boot(id: number, runtime: Runtime, node: SimNode): Promise<void> {
    const rack = rackOf(this.#workload.cluster, id);
    const life = node.incarnation;
    const { clientFaults: _clients, ...broken } = this.#mutation;
    const end = (reason: string): void => {
      this.#problem(`broker ${id} ${reason}`);
      node.world.at(node.world.nowNs, () => {
        if (life.alive) node.kill();
      });
      // What starts services on a machine would start this one again.
      node.world.at(node.world.nowNs + SUPERVISOR_NS, () => {
        if (node.incarnation === life && node.state === 'down') node.restart();
      });
    };
    try {
      const broker = await Broker.start({
        runtime,
        nodeId: id,
        clusterId: CLUSTER_ID,
        ...(rack === null ? {} : { rack }),
        logDirs: ['/data'],
        config: brokerConfig(this.#workload, id),
        ...featuresOf(this.#workload),
        ...(hasVotersInLog(this.#workload) && !this.#formatted.has(id)
          ? { initialControllers: brokerIds(this.#workload.cluster).map(initialController) }
          : {}),
        onJoined: ({ quorum }) => {
          this.#formatted.add(id);
          this.#quorums[id - 1] = { quorum, life };
        },
        onFatal: (reason) => end(`ended: ${reason}`),
        ...broken,
      });
      this.#brokers[id - 1] = { broker, life };
      this.onStarted(broker);
    } catch (error) {
      end(`did not start: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function featuresOf({ cluster: { features } }: Workload): { features?: Readonly<Record<string, number>> } {
  return features === undefined ? {} : { features: { ...features } };
}

/** KIP-853: as `kafka-storage format --feature kraft.version=1 --initial-controllers` would make it. */
function hasVotersInLog({ cluster: { features } }: Workload): boolean {
  return features?.['kraft.version'] === 1;
}

function initialController(id: number): InitialController {
  const directory = new TextEncoder().encode(`controller-${String(id).padStart(5, '0')}`);
  return { id, host: host(id), port: CONTROLLER_PORT, directoryId: uuidText(directory) };
}

/**
 * Kafka's defaults, but for a group's first rebalance, whose wait of 3 s a short run cannot afford, and for internal
 * topics, which have no more partitions than a test needs.
 */
function brokerConfig(workload: Workload, id: number): Record<string, string> {
  const ids = brokerIds(workload.cluster);
  const replicas = String(Math.min(3, ids.length));
  return {
    ...(hasVotersInLog(workload) ? listedInLog(ids, id) : configured(ids, id)),
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': replicas,
    [OFFSETS_PARTITIONS]: '4',
    ...workload.cluster.config,
  };
}

/** Voters by configuration. */
function configured(ids: readonly number[], id: number): Record<string, string> {
  const alone = ids.length === 1;
  const voters = ids.map((voter) => `${voter}@${host(voter)}:${CONTROLLER_PORT}`).join(',');
  return {
    listeners: `PLAINTEXT://0.0.0.0:${CLIENT_PORT},CONTROLLER://0.0.0.0:${alone ? 0 : CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://${host(id)}:${CLIENT_PORT}`,
    ...(alone ? {} : { 'controller.quorum.voters': voters }),
  };
}

/** Voters in the log: a node knows no more than whom to ask. */
function listedInLog(ids: readonly number[], id: number): Record<string, string> {
  return {
    listeners: `PLAINTEXT://0.0.0.0:${CLIENT_PORT},CONTROLLER://0.0.0.0:${CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://${host(id)}:${CLIENT_PORT},CONTROLLER://${host(id)}:${CONTROLLER_PORT}`,
    'controller.quorum.bootstrap.servers': ids.map((other) => `${host(other)}:${CONTROLLER_PORT}`).join(','),
  };
}

function host(id: number): string {
  return `broker-${id}`;
}
