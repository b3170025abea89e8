import { BrokerConfig, type ListenerEndpoint, reachableHost, securityProtocols, TopicConfig } from '../config/index.ts';
import {
  type ControllerFaults,
  type MetadataNode,
  openMetadataNode,
  randomUuid,
  registeredFeatures,
  supportedFeatures,
  uuidText,
} from '../controller/index.ts';
import { LogDirectory, type LogFaults } from '../log/index.ts';
import type { QuorumFaults } from '../quorum/index.ts';
import type { Runtime } from '../runtime.ts';
import { Assembly } from './assembly.ts';
import { BrokerLives } from './broker-lives.ts';
import { readClusterId } from './cluster-id.ts';
import { createControllerServer } from './controller-server.ts';
import type { BrokerFaults } from './faults.ts';
import { formatNode, type InitialController } from './format.ts';
import { BrokerLifecycle } from './lifecycle.ts';
import type { Server } from './server.ts';
import { brokerSettings, type ListenAddress } from './settings.ts';

export interface BrokerOptions {
  readonly runtime: Runtime;
  readonly nodeId: number;
  /** Default: what the log directories say, else a new one. */
  readonly clusterId?: string;
  readonly rack?: string;
  /** Absolute paths. The first also holds the metadata log, unless `metadata.log.dir` says otherwise. */
  readonly logDirs: readonly string[];
  /** Where clients connect. Port 0 takes a free one. Absent: what `config` says under `listeners`. */
  readonly listen?: ListenAddress;
  /** Where clients are told to connect; default where it listens. */
  readonly advertised?: ListenAddress;
  /** Broker settings by Kafka's names. */
  readonly config?: Readonly<Record<string, string>>;
  /** Levels of features in a new cluster, as `kafka-storage format --feature` takes them; default Kafka's. */
  readonly features?: Readonly<Record<string, number>>;
  /**
   * Formats the directory of the metadata log if it is new, as `kafka-storage format --standalone` or
   * `--initial-controllers` does (KIP-853); absent: voters are those of `controller.quorum.voters`, or of the log.
   */
  readonly initialControllers?: 'standalone' | readonly InitialController[];
  /** Bound on the start once the logs are open. Default 30 s. */
  readonly startTimeoutMs?: number;
  /** Told once when the node can keep nothing any more (its metadata log or all log directories failed): it must be ended. */
  readonly onFatal?: (reason: string) => void;
  /** Told once when the node has joined the metadata quorum, well before the broker answers. */
  readonly onJoined?: (node: MetadataNode) => void;
  readonly faults?: BrokerFaults;
  readonly logFaults?: LogFaults;
  readonly quorumFaults?: QuorumFaults;
  readonly controllerFaults?: ControllerFaults;
}

const START_TIMEOUT_MS = 30_000;

/** What a started node is made of. */
export interface BrokerParts {
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly host: string;
  readonly port: number;
  readonly assembly: Assembly;
  readonly metadataNode: MetadataNode;
  /** Null on a node that is a quorum of its own. */
  readonly controllerServer: Server | null;
  readonly logDirectories: readonly LogDirectory[];
  readonly lifecycle: BrokerLifecycle;
}

/** Logs, metadata quorum, listener, registration, in that order. `undo` gathers what a failed start must take back. */
export async function startParts(options: BrokerOptions, undo: (() => void | Promise<void>)[]): Promise<BrokerParts> {
  const { runtime, nodeId } = options;
  const config = BrokerConfig.parse(brokerSettings(options));
  const clusterId =
    options.clusterId ?? readClusterId(runtime.disk, config.logDirs) ?? randomUuid(runtime.random.fork('cluster id'));

  const { initialControllers } = options;
  if (initialControllers !== undefined) await formatNode({ runtime, config, clusterId, initialControllers });

  let ended = false;
  const fatal = (reason: string): void => {
    if (ended) return;
    ended = true;
    options.onFatal?.(reason);
  };
  let assembly: Assembly | null = null;
  const logDirectories: LogDirectory[] = [];
  for (const path of config.logDirs) {
    const directory: LogDirectory = await LogDirectory.open({
      path,
      runtime,
      // A log that is found gets its topic's own settings when the metadata is there.
      configFor: (topic) => assembly?.settingsFor(topic).log ?? new TopicConfig(config).logConfig(),
      nodeId,
      clusterId,
      onOffline: (reason) => {
        runtime.log.error('a log directory went offline', { path, reason: reason.message });
        assembly?.replicas.directoryOffline(directory);
        if (logDirectories.every(({ state }) => state.kind === 'offline')) fatal('every log directory is offline');
      },
      retentionCheckIntervalMs: config.number('log.retention.check.interval.ms'),
      checkpointIntervalMs: config.number('log.flush.offset.checkpoint.interval.ms'),
      ...(options.logFaults === undefined ? undefined : { faults: options.logFaults }),
    });
    logDirectories.push(directory);
    undo.push(() => directory.close(-1));
  }

  const metadataDirectory = logDirectories.find(({ path }) => path === config.metadataLogDir) ?? logDirectories[0]!;
  const metadataNode = await openMetadataNode({
    runtime,
    config,
    clusterId,
    directoryId: uuidText(metadataDirectory.directoryId),
    onFailure: (error) => {
      runtime.log.error('the metadata log failed: this node decides nothing any more', { reason: error.message });
      fatal(`the metadata log failed: ${error.message}`);
    },
    ...(options.features === undefined ? undefined : { features: options.features }),
    ...(options.quorumFaults === undefined ? undefined : { quorumFaults: options.quorumFaults }),
    ...(options.controllerFaults === undefined ? undefined : { controllerFaults: options.controllerFaults }),
  });
  const { metadata } = metadataNode;
  undo.push(() => metadataNode.close());
  options.onJoined?.(metadataNode);

  let lifecycle: BrokerLifecycle | null = null;
  assembly = new Assembly({
    runtime,
    nodeId,
    clusterId,
    config,
    metadata,
    controller: metadataNode.port,
    logDirectories,
    brokerEpoch: () => lifecycle?.epoch ?? -1,
    kraftVersion: () => metadataNode.quorum.kraftVersion,
    supportedFeatures: supportedFeatures.map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max })),
    ...(options.faults === undefined ? undefined : { faults: options.faults }),
  });
  const { replicas, server } = assembly;
  const assembled = assembly;
  undo.push(() => assembled.close());

  const listener = config.brokerListeners[0]!;
  const bound = await server.listen(listener.host === '' ? '0.0.0.0' : listener.host, listener.port);
  undo.push(() => server.drain(0));
  undo.push(() => server.stopListening());

  const { quorumListener } = config;
  let controllerServer: Server | null = null;
  if (quorumListener !== null && quorumListener.port !== 0) {
    const { turn } = replicas;
    const opened = createControllerServer({ runtime, node: metadataNode, turn, limits: server.limits });
    const { host, port } = quorumListener;
    await opened.listen(host === '' ? '0.0.0.0' : host, port);
    undo.push(() => opened.drain(0));
    undo.push(() => opened.stopListening());
    opened.open();
    controllerServer = opened;
  }

  lifecycle = new BrokerLifecycle({
    clock: runtime.clock,
    timers: runtime.timers,
    log: runtime.log,
    controller: metadataNode.port,
    metadata,
    registration: {
      brokerId: nodeId,
      clusterId,
      incarnationId: randomUuid(runtime.random.fork('broker incarnation')),
      listeners: [advertisedEndpoint(config, listener, bound.port)],
      features: [...registeredFeatures],
      rack: config.rack,
      isMigratingZkBroker: false,
      logDirs: logDirectories.map((directory) => uuidText(directory.directoryId)),
      previousBrokerEpoch: previousEpoch(logDirectories),
    },
    heartbeatIntervalMs: config.number('broker.heartbeat.interval.ms'),
    quorumIsDown: () => metadataNode.quorum.majorityIsDown(),
    offlineLogDirectories: () =>
      logDirectories.filter(({ state }) => state.kind === 'offline').map(({ directoryId }) => uuidText(directoryId)),
  });
  const registered = lifecycle;
  undo.push(() => registered.end());
  const startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
  await metadataNode.ready(startTimeoutMs);
  const { groups } = assembly;
  await lifecycle.start(startTimeoutMs, async () => {
    // Not a moment earlier: until it is registered anew the metadata speaks of this broker's last life. Whoever leads
    // or fetches on its word counts as in sync with what that life had, and is put out of the ISR with it (KIP-903).
    metadata.addListener(new BrokerLives((id) => assembled.fetchers.brokerChanged(id)));
    metadata.addListener(replicas);
    metadata.addListener(groups);
    replicas.removeStrays(metadata.image);
    await replicas.settled();
  });
  replicas.start();
  for (const directory of logDirectories) directory.start();
  server.open();
  return {
    config,
    clusterId,
    host: bound.host,
    port: bound.port,
    assembly,
    metadataNode,
    controllerServer,
    logDirectories,
    lifecycle,
  };
}

/** What clients and other brokers are told: the advertised address, or where it really listens. */
function advertisedEndpoint(
  config: BrokerConfig,
  listener: ListenerEndpoint,
  boundPort: number,
): { name: string; host: string; port: number; securityProtocol: number } {
  const advertised = config.advertisedListeners.find(({ name }) => name === listener.name);
  return {
    name: listener.name,
    host: reachableHost(advertised?.host ?? listener.host),
    port: advertised === undefined || advertised.port === 0 ? boundPort : advertised.port,
    securityProtocol: Math.max(securityProtocols.indexOf(config.securityProtocolOf(listener.name)), 0),
  };
}

/** The epoch of the life that ended in order, -1 after a crash (KIP-966: the broker may then have lost what it had). */
function previousEpoch(logDirectories: readonly LogDirectory[]): number {
  const epochs = logDirectories.map(({ previousShutdown }) =>
    previousShutdown.clean ? previousShutdown.brokerEpoch : -1,
  );
  return epochs.every((epoch) => epoch === epochs[0]) ? (epochs[0] ?? -1) : -1;
}
