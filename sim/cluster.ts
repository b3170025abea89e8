import { Broker } from '../core/broker/index.ts';
import type { Quorum } from '../core/quorum/quorum.ts';
import type { Runtime } from '../core/runtime.ts';
import { brokerIds, rackOf, type Workload } from '../workloads/workload.ts';
import type { Mutation } from './mutation.ts';
import type { Incarnation, SimNode } from './node.ts';
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
        onJoined: ({ quorum }) => {
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

/**
 * Kafka's defaults, but for a group's first rebalance, whose wait of 3 s a short run cannot afford, and for internal
 * topics, which have no more partitions than a test needs.
 */
function brokerConfig(workload: Workload, id: number): Record<string, string> {
  const ids = brokerIds(workload.cluster);
  const replicas = String(Math.min(3, ids.length));
  return {
    listeners: `PLAINTEXT://0.0.0.0:${CLIENT_PORT},CONTROLLER://0.0.0.0:${ids.length === 1 ? 0 : CONTROLLER_PORT}`,
    'advertised.listeners': `PLAINTEXT://${host(id)}:${CLIENT_PORT}`,
    ...(ids.length === 1
      ? {}
      : { 'controller.quorum.voters': ids.map((voter) => `${voter}@${host(voter)}:${CONTROLLER_PORT}`).join(',') }),
    'group.initial.rebalance.delay.ms': '0',
    'offsets.topic.replication.factor': replicas,
    [OFFSETS_PARTITIONS]: '4',
    ...workload.cluster.config,
  };
}

function host(id: number): string {
  return `broker-${id}`;
}
