import { createMemoryDisk } from '../memory-disk.ts';
import type { LogLevel } from './logger.ts';
import { type RunningBroker, serve } from './serve.ts';

export interface ClusterOptions {
  /** Default 1; more than one is not possible yet. */
  brokers?: 1;
  /** Default 'memory': nothing outlives the cluster. */
  storage?: 'memory' | { readonly directory: string };
  /** Broker settings by Kafka's names. */
  config?: Readonly<Record<string, string>>;
  /** Default 'warn'. */
  logLevel?: LogLevel;
}

export interface Cluster extends AsyncDisposable {
  readonly bootstrapServers: readonly string[];
  readonly brokers: readonly RunningBroker[];
  close(): Promise<void>;
}

/** A Kafka for tests and tools, in this process: `await using cluster = await startCluster()`. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { storage = 'memory', config, logLevel } = options;
  const place =
    storage === 'memory'
      ? { logDirs: ['/kafka-1'], disk: createMemoryDisk() }
      : { logDirs: [`${storage.directory}/kafka-1`] };
  const broker = await serve({
    ...place,
    ...(config === undefined ? undefined : { config }),
    ...(logLevel === undefined ? undefined : { logLevel }),
  });
  const close = (): Promise<void> => broker.close();
  return { bootstrapServers: [broker.bootstrapServer], brokers: [broker], close, [Symbol.asyncDispose]: close };
}
