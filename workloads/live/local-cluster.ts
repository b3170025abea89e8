import { createServer } from 'node:net';
import { join } from 'node:path';
import { BrokerProcess } from './broker-process.ts';

export interface LocalClusterOptions {
  readonly brokers: number;
  /** Broker i stands in racks[(i - 1) % racks.length]; empty: no racks. */
  readonly racks: readonly string[];
  /** Each broker gets a folder in it; null keeps everything in memory. */
  readonly directory: string | null;
  /** Clients' ports, one a broker; absent: free ones. */
  readonly ports?: readonly number[];
  readonly host?: string;
  /** Broker settings by Kafka's names, for every broker. */
  readonly config: Readonly<Record<string, string>>;
  readonly logLevel?: string;
}

const CLUSTER_ID = 'bG9jYWwtYmVuY2gtY2x1cw';
const STOP_MS = 10_000;

/** Brokers, each a controller too, as processes on this machine with real files. */
export class LocalCluster {
  readonly brokers: readonly BrokerProcess[];
  readonly bootstrap: readonly string[];

  private constructor(brokers: readonly BrokerProcess[], host: string) {
    this.brokers = brokers;
    this.bootstrap = brokers.map(({ options }) => `${host}:${options.port}`);
  }

  /** Resolves when every broker answers. */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { brokers: count, racks, directory, host = 'localhost', config, logLevel } = options;
    const free = await freePorts(count * 2, host);
    const ports = options.ports ?? free.slice(0, count);
    const controllers = free.slice(count);
    const voters = controllers.map((port, index) => `${index + 1}@${host}:${port}`).join(',');
    const brokers = ports.map((port, index) => {
      const nodeId = index + 1;
      const listeners = `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllers[index]}`;
      return new BrokerProcess({
        nodeId,
        port,
        rack: racks.length === 0 ? null : racks[index % racks.length]!,
        clusterId: CLUSTER_ID,
        directory: directory === null ? null : join(directory, `broker-${nodeId}`),
        config: {
          'group.initial.rebalance.delay.ms': '0',
          ...(count === 1 ? {} : togetherSettings(count, voters)),
          listeners,
          ...config,
        },
        ...(logLevel === undefined ? {} : { logLevel }),
      });
    });
    const cluster = new LocalCluster(brokers, host);
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
  }
}

/** Internal topics with as many copies as a small cluster can give, as Kafka's samples have it. */
function togetherSettings(count: number, voters: string): Record<string, string> {
  const copies = String(Math.min(count, 3));
  const enough = String(Math.min(count, 2));
  return {
    'controller.quorum.voters': voters,
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
