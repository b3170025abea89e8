import { resolve } from 'node:path';
import { Broker, type BrokerFaults, type InitialController, type ListenAddress } from '../broker/index.ts';
import type { Disk } from '../runtime.ts';
import { drillFromEnvironment } from './drill.ts';
import type { LogLevel } from './logger.ts';
import { createNodeRuntime } from './runtime.ts';

export interface ServeOptions {
  /** Default 1. */
  nodeId?: number;
  clusterId?: string;
  rack?: string;
  /** Directories of the logs, relative to the working directory. */
  logDirs: readonly string[];
  /** Default 127.0.0.1 and a free port. */
  listen?: ListenAddress;
  advertised?: ListenAddress;
  /** Broker settings by Kafka's names. */
  config?: Readonly<Record<string, string>>;
  /** Levels of features in a new cluster, as `kafka-storage format --feature` takes them; default Kafka's. */
  features?: Readonly<Record<string, number>>;
  /** Formats a new directory as `kafka-storage format --standalone` or `--initial-controllers` does (KIP-853). */
  initialControllers?: 'standalone' | readonly InitialController[];
  /** Default 'warn'. */
  logLevel?: LogLevel;
  /** Another disk, for example one in memory; then `logDirs` are paths on it. */
  disk?: Disk;
  /** One of this machine's addresses, from which the broker connects to others. */
  localAddress?: string;
  faults?: BrokerFaults;
  /** Told once when the broker's disks have failed: it must be ended, and serves nothing it could not keep until then. */
  onFatal?: (reason: string) => void;
}

export interface RunningBroker extends AsyncDisposable {
  readonly broker: Broker;
  readonly clusterId: string;
  readonly host: string;
  readonly port: number;
  /** "127.0.0.1:9092" */
  readonly bootstrapServer: string;
  /** Shuts down in order; idempotent. `leave: false`: without waiting for others to take over, as they end too. */
  close(options?: { readonly leave?: boolean }): Promise<void>;
}

/**
 * One node, broker and controller, on this machine's network and disk. Resolves when it answers.
 * @throws ConfigError, DiskError, NetworkError
 */
export async function serve(options: ServeOptions): Promise<RunningBroker> {
  const {
    nodeId = 1,
    listen = { host: '127.0.0.1', port: 0 },
    logDirs,
    logLevel,
    disk,
    localAddress,
    ...rest
  } = options;
  const runtime = createNodeRuntime({
    ...(logLevel === undefined ? undefined : { logLevel }),
    ...(disk === undefined ? undefined : { disk }),
    ...(localAddress === undefined ? undefined : { localAddress }),
  });
  let broker: Broker;
  try {
    const paths = disk === undefined ? logDirs.map((path) => resolve(path)) : logDirs;
    const beforeRequest = drillFromEnvironment();
    const faults = beforeRequest === undefined ? {} : { faults: { ...rest.faults, beforeRequest } };
    broker = await Broker.start({ ...rest, ...faults, runtime, nodeId, listen, logDirs: paths });
  } catch (error) {
    runtime.close();
    throw error;
  }
  let closing: Promise<void> | null = null;
  const close = (how: { readonly leave?: boolean } = {}): Promise<void> => {
    closing ??= broker.close(how).finally(() => runtime.close());
    return closing;
  };
  return {
    broker,
    clusterId: broker.clusterId,
    host: broker.host,
    port: broker.port,
    bootstrapServer: `${broker.host.includes(':') ? `[${broker.host}]` : broker.host}:${broker.port}`,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
