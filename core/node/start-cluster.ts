import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { readClusterId } from '../broker/index.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { nodeDisk } from './disk.ts';
import type { LogLevel } from './logger.ts';
import { type RunningBroker, serve } from './serve.ts';

export interface ClusterOptions {
  /** Nodes, each broker and controller. Default 1. */
  brokers?: number;
  /** Default 'memory': nothing outlives the cluster. */
  storage?: 'memory' | { readonly directory: string };
  /** Broker settings by Kafka's names, for every node. */
  config?: Readonly<Record<string, string>>;
  /** Default 'warn'. */
  logLevel?: LogLevel;
}

export interface Cluster extends AsyncDisposable {
  readonly bootstrapServers: readonly string[];
  readonly brokers: readonly RunningBroker[];
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** A Kafka for tests and tools, in this process: `await using cluster = await startCluster()`. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { brokers: count = 1, storage = 'memory', config, logLevel } = options;
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const ports = count === 1 ? [] : await freePorts(count);
  const voters = ids.map((id, index) => `${id}@${HOST}:${ports[index]}`).join(',');
  // Directories of an earlier run know their cluster; new ones must agree on one.
  const known = storage === 'memory' ? null : readClusterId(nodeDisk, [`${resolve(storage.directory)}/kafka-1`]);
  const clusterId = known ?? randomBytes(16).toString('base64url').replace(/^-/, 'A');
  const starts = ids.map((nodeId, index) =>
    serve({
      nodeId,
      clusterId,
      ...(storage === 'memory'
        ? { logDirs: [`/kafka-${nodeId}`], disk: createMemoryDisk() }
        : { logDirs: [`${storage.directory}/kafka-${nodeId}`] }),
      config: {
        ...(count === 1 ? undefined : together(count, voters, ports[index]!)),
        ...config,
      },
      ...(logLevel === undefined ? undefined : { logLevel }),
    }),
  );
  const outcomes = await Promise.allSettled(starts);
  const brokers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.close({ leave: count === 1 })));
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  return {
    bootstrapServers: brokers.map(({ bootstrapServer }) => bootstrapServer),
    brokers,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Settings of a node among several. */
function together(count: number, voters: string, controllerPort: number): Record<string, string> {
  const copies = String(Math.min(count, 3));
  const enough = String(Math.min(count, 2));
  return {
    listeners: `PLAINTEXT://${HOST}:0,CONTROLLER://${HOST}:${controllerPort}`,
    'controller.quorum.voters': voters,
    'default.replication.factor': copies,
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': enough,
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': enough,
  };
}

/** Members of a quorum must know each other's ports before they start. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, HOST, () => {
            const address = server.address();
            resolve(address !== null && typeof address === 'object' ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
