import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerIds, rackOf, type Workload } from '../workload.ts';
import { BrokerProcess } from './broker-process.ts';

const CLUSTER_ID = 'bG9jYWwtYmVuY2gtY2x1cw';
const STOP_MS = 10_000;

/** The brokers of a workload as processes on this machine, with real files in a temporary folder. */
export class LocalCluster {
  readonly brokers: readonly BrokerProcess[];
  readonly bootstrap: readonly string[];
  readonly #directory: string;

  private constructor(directory: string, brokers: readonly BrokerProcess[]) {
    this.#directory = directory;
    this.brokers = brokers;
    this.bootstrap = brokers.map(({ options }) => `localhost:${options.port}`);
  }

  /** Resolves when every broker answers. */
  static async start(workload: Workload): Promise<LocalCluster> {
    const ids = brokerIds(workload.cluster);
    const directory = await mkdtemp(join(tmpdir(), 'faultline-local-'));
    const ports = await freePorts(ids.length);
    const replicas = String(Math.min(3, ids.length));
    const brokers = ids.map(
      (nodeId, index) =>
        new BrokerProcess({
          nodeId,
          port: ports[index]!,
          rack: rackOf(workload.cluster, nodeId),
          clusterId: CLUSTER_ID,
          directory: join(directory, `broker-${nodeId}`),
          config: {
            'group.initial.rebalance.delay.ms': '0',
            'offsets.topic.replication.factor': replicas,
            ...workload.cluster.config,
          },
        }),
    );
    const cluster = new LocalCluster(directory, brokers);
    try {
      await Promise.all(brokers.map((broker) => broker.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Stops what still runs and removes the data. */
  async close(): Promise<void> {
    for (const broker of this.brokers) broker.resume();
    await Promise.all(this.brokers.map((broker) => broker.stop(STOP_MS)));
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Ports that were free a moment ago. A restarted broker takes its own again. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, 'localhost', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
