import { createServer } from 'node:net';
import { join } from 'node:path';
import type { InitialController } from '../../core/node/index.ts';
import { BrokerProcess, type BrokerProcessOptions } from './broker-process.ts';
import { addressOf, RelayNetwork } from './relay-network.ts';

export interface LocalClusterOptions {
  readonly brokers: number;
  /** Broker i stands in racks[(i - 1) % racks.length]; empty: no racks. */
  readonly racks: readonly string[];
  /** Each broker gets a folder in it; null keeps everything in memory. */
  readonly directory: string | null;
  /** Clients' ports, one a broker; absent: free ones. */
  readonly ports?: readonly number[];
  /** Likewise the controllers'. Where the voters stand in the log, they must be those of the last start. */
  readonly controllerPorts?: readonly number[];
  readonly host?: string;
  /** Broker settings by Kafka's names, for every broker. */
  readonly config: Readonly<Record<string, string>>;
  /** Levels of features of the new cluster; absent: Kafka's own. */
  readonly features?: Readonly<Record<string, number>>;
  readonly logLevel?: string;
  /** Brokers tell once a second how they do. */
  readonly telemetry?: boolean;
  /** OpenMetrics of the first broker on this port, of the next on the one after it, … */
  readonly metricsPort?: number;
  readonly otlp?: string;
  /** Every connection passes a relay, so that the network between the brokers, and to clients, can be hurt. */
  readonly relayed?: boolean;
}

const CLUSTER_ID = 'bG9jYWwtYmVuY2gtY2x1cw';
const STOP_MS = 10_000;

/** Brokers, each a controller too, as processes on this machine with real files. */
export class LocalCluster {
  readonly brokers: readonly BrokerProcess[];
  readonly bootstrap: readonly string[];

  /** Null when connections pass no relays. */
  readonly network: RelayNetwork | null;

  private constructor(brokers: readonly BrokerProcess[], bootstrap: readonly string[], network: RelayNetwork | null) {
    this.brokers = brokers;
    this.bootstrap = bootstrap;
    this.network = network;
  }

  /** Resolves when every broker answers. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { brokers: count, racks, directory, config, features, logLevel, relayed = false } = options;
    const host = relayed ? '127.0.0.1' : (options.host ?? 'localhost');
    const free = await freePorts(count * 4, host);
    const take = (): number[] => free.splice(0, count);
    const dialled = { clients: options.ports ?? take(), controllers: options.controllerPorts ?? take() };
    const bound = relayed ? { clients: take(), controllers: take() } : dialled;
    const network = relayed
      ? new RelayNetwork(
          dialled.clients.map((relay, index) => ({
            nodeId: index + 1,
            client: { relay, broker: bound.clients[index]! },
            controller: { relay: dialled.controllers[index]!, broker: bound.controllers[index]! },
          })),
        )
      : null;
    // KIP-853: the directories are formatted with the voters, and a node knows no more than whom to ask.
    const controllers = dialled.controllers.map((port, index) => initialController(index + 1, host, port));
    const votersInLog = features?.['kraft.version'] === 1;
    const servers = dialled.controllers.map((port) => `${host}:${port}`).join(',');
    const voters = dialled.controllers.map((port, index) => `${index + 1}@${host}:${port}`).join(',');
    const configured = count === 1 ? {} : { 'controller.quorum.voters': voters };
    const quorum = votersInLog ? { 'controller.quorum.bootstrap.servers': servers } : configured;
    const brokers = dialled.clients.map((port, index) => {
      const nodeId = index + 1;
      const listeners = `PLAINTEXT://${host}:${bound.clients[index]},CONTROLLER://${host}:${bound.controllers[index]}`;
      return new BrokerProcess({
        nodeId,
        port,
        rack: racks.length === 0 ? null : racks[index % racks.length]!,
        clusterId: CLUSTER_ID,
        directory: directory === null ? null : join(directory, `broker-${nodeId}`),
        config: {
          'group.initial.rebalance.delay.ms': '0',
          ...(count === 1 ? {} : togetherSettings(count)),
          ...quorum,
          listeners,
          ...(relayed || votersInLog
            ? {
                'advertised.listeners': `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${dialled.controllers[index]}`,
              }
            : {}),
          ...config,
        },
        ...(features === undefined ? {} : { features }),
        ...(votersInLog ? { initialControllers: controllers } : {}),
        ...(logLevel === undefined ? {} : { logLevel }),
        ...(options.telemetry === undefined ? {} : { telemetry: options.telemetry }),
        ...(options.metricsPort === undefined ? {} : { metricsPort: options.metricsPort + index }),
        ...(options.otlp === undefined ? {} : { otlp: options.otlp }),
        ...(network === null ? {} : relayedOptions(network, nodeId)),
      });
    });
    const bootstrap = dialled.clients.map((port) => `${host}:${port}`);
    const cluster = new LocalCluster(brokers, bootstrap, network);
    try {
      await Promise.all(brokers.map((broker) => broker.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Stops what still runs. The data stays. */
  async close(): Promise<void> {
    for (const broker of this.brokers) broker.resume();
    await Promise.all(this.brokers.map((broker) => broker.stop(STOP_MS)));
    this.network?.close();
  }
}

function relayedOptions(network: RelayNetwork, nodeId: number): Pick<BrokerProcessOptions, 'localAddress' | 'watch'> {
  const watch = { starting: () => network.started(nodeId), ended: () => network.ended(nodeId) };
  return { localAddress: addressOf(nodeId), watch };
}

/** As `kafka-storage format --initial-controllers` would be told of it. */
function initialController(id: number, host: string, port: number): InitialController {
  const directoryId = Buffer.from(`controller-${String(id).padStart(5, '0')}`).toString('base64url');
  return { id, host, port, directoryId };
}

/** Internal topics with as many copies as a small cluster can give, as Kafka's samples have it. */
function togetherSettings(count: number): Record<string, string> {
  const copies = String(Math.min(count, 3));
  const enough = String(Math.min(count, 2));
  return {
    'default.replication.factor': copies,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': enough,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': enough,
  };
}

/** Ports that were free a moment ago. Members of a quorum must know each other's before they start. */
async function freePorts(count: number, host: string): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, host, () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
