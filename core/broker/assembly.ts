import { type Channel, openChannel } from '../client/channel.ts';
import { type BrokerConfig, TopicConfig } from '../config/index.ts';
import type { ControllerPort } from '../controller/admin.ts';
import { AutoTopicCreator } from '../controller/auto-topics.ts';
import type { MetadataImage } from '../controller/image.ts';
import { GroupCoordinator, groupSettings } from '../groups/index.ts';
import type { LogDirectory } from '../log/index.ts';
import {
  Fetchers,
  ReplicaManager,
  ReplicatedCoordinatorLog,
  type TopicSettings,
  topicSettings,
} from '../replication/index.ts';
import type { Runtime } from '../runtime.ts';
import { Dispatcher, type ServedApi, servedApis } from './dispatch.ts';
import type { BrokerFaults } from './faults.ts';
import { FetchSessions } from './fetch-sessions.ts';
import type { AnyHandler } from './handler.ts';
import type { SupportedFeature } from './handlers/18-api-versions.ts';
import { clientEndpoint } from './handlers/client-endpoint.ts';
import { brokerHandlers } from './handlers/index.ts';
import { ProducerIds } from './producer-ids.ts';
import { Server, type ServerLimits } from './server.ts';
import type { BrokerServices, MetadataView } from './services.ts';
import { BrokerTelemetry } from './telemetry.ts';

export interface AssemblyOptions {
  readonly runtime: Runtime;
  readonly nodeId: number;
  readonly clusterId: string;
  readonly config: BrokerConfig;
  readonly metadata: MetadataView;
  readonly controller: ControllerPort;
  readonly logDirectories: readonly LogDirectory[];
  readonly brokerEpoch: () => number;
  readonly kraftVersion: () => number;
  readonly supportedFeatures: readonly SupportedFeature[];
  /** Handlers of rooms that are built on these services (groups, transactions). */
  readonly moreHandlers?: (services: BrokerServices) => readonly AnyHandler[];
  readonly faults?: BrokerFaults;
}

/** What one connection may make wait here. Not Kafka settings: Kafka reads one request at a time instead. */
const QUEUED_BYTES_MAX = 1 << 20;
const UNREAD_BYTES_MAX = 1 << 20;
const STARTED_MAX = 256;
const OFFSETS_TOPIC = '__consumer_offsets';
const CONNECT_TIMEOUT_MS = 3000;
const INTERNAL_TOPIC_TIMEOUT_MS = 10_000;

/** The part of a broker that answers requests, made from what the rest of it provides. */
export class Assembly {
  readonly services: BrokerServices;
  readonly replicas: ReplicaManager;
  readonly server: Server;
  readonly fetchSessions: FetchSessions;
  readonly fetchers: Fetchers;
  readonly groups: GroupCoordinator;
  readonly telemetry: BrokerTelemetry = new BrokerTelemetry();
  readonly #config: BrokerConfig;
  readonly #runtime: Runtime;
  readonly #metadata: MetadataView;
  readonly #topicCreator: AutoTopicCreator;

  constructor(options: AssemblyOptions) {
    const { runtime, nodeId, config, metadata, controller, brokerEpoch } = options;
    this.#config = config;
    this.#runtime = runtime;
    this.#metadata = metadata;
    this.#topicCreator = new AutoTopicCreator(controller, config);
    this.replicas = new ReplicaManager({
      runtime,
      nodeId,
      logDirectories: options.logDirectories,
      controller,
      brokerEpoch,
      settingsFor: (topic, image) => this.settingsFor(topic, image),
      replicaLagTimeMaxMs: config.number('replica.lag.time.max.ms'),
      ...(options.faults === undefined ? undefined : { faults: options.faults }),
    });
    this.fetchers = new Fetchers({
      nodeId,
      clock: runtime.clock,
      timers: runtime.timers,
      log: runtime.log,
      faults: options.faults ?? {},
      brokerEpoch,
      connect: (brokerId) => this.#connect(brokerId),
      waitMsMax: config.number('replica.fetch.wait.max.ms'),
      minBytes: config.number('replica.fetch.min.bytes'),
      partitionBytesMax: config.number('replica.fetch.max.bytes'),
      responseBytesMax: config.number('replica.fetch.response.max.bytes'),
      backoffMs: config.number('replica.fetch.backoff.ms'),
      requestTimeoutMs: config.number('replica.socket.timeout.ms'),
    });
    this.replicas.onRoleChange((partition) => this.fetchers.roleChanged(partition));
    this.groups = new GroupCoordinator({
      runtime,
      log: this.coordinatorLog(OFFSETS_TOPIC),
      settings: groupSettings(config),
      ...(options.faults === undefined ? undefined : { faults: options.faults }),
    });
    this.replicas.onElection(OFFSETS_TOPIC, this.groups);
    this.services = {
      runtime,
      nodeId,
      clusterId: options.clusterId,
      config,
      metadata,
      controller,
      replicas: this.replicas,
      kraftVersion: options.kraftVersion,
      logDirectories: options.logDirectories,
      telemetry: this.telemetry,
    };
    this.fetchSessions = new FetchSessions({
      clock: runtime.clock,
      random: runtime.random.fork('fetch sessions'),
      sessionsMax: config.number('max.incremental.fetch.session.cache.slots'),
      evictionMsMin: FETCH_SESSION_EVICTION_MS_MIN,
    });
    const producerIds = new ProducerIds({ nodeId, controller, timers: runtime.timers, log: runtime.log, brokerEpoch });
    let served: ReadonlyMap<number, ServedApi> = new Map();
    const handlers = [
      ...brokerHandlers(this.services, {
        groups: this.groups,
        fetchSessions: this.fetchSessions,
        producerIds,
        supportedFeatures: options.supportedFeatures,
        served: () => served.values(),
      }),
      ...(options.moreHandlers?.(this.services) ?? []),
    ];
    served = servedApis(handlers, 'broker');
    const dispatcher = new Dispatcher('broker', served, {
      log: runtime.log,
      nowNs: () => runtime.clock.monotonicNs(),
      telemetry: this.telemetry,
      ...(options.faults?.beforeRequest === undefined ? undefined : { beforeRequest: options.faults.beforeRequest }),
    });
    this.server = new Server(runtime, this.replicas.turn, dispatcher, serverLimits(config));
  }

  /** To another broker, by the endpoint of its registration. */
  async #connect(brokerId: number): Promise<Channel> {
    const broker = this.#metadata.image.brokers.get(brokerId);
    const endpoint = broker === undefined ? null : clientEndpoint(broker, this.#config);
    if (endpoint === null) throw new Error(`broker ${brokerId} is not registered`);
    const { runtime, nodeId } = this.services;
    return await openChannel({
      runtime,
      host: endpoint.host,
      port: endpoint.port,
      clientId: `broker-${nodeId}-fetcher`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      fixedVersions: true,
    });
  }

  /** Ends everything of its own that waits or runs, but the connections. */
  close(): void {
    this.groups.close();
    this.fetchers.close();
    this.replicas.close();
  }

  /** The state of a coordinator in the partitions of an internal topic, which is made when it is first needed. */
  coordinatorLog(topic: string): ReplicatedCoordinatorLog {
    return new ReplicatedCoordinatorLog({
      topic,
      replicas: this.replicas,
      image: () => this.#metadata.image,
      timers: this.#runtime.timers,
      createTopic: async () => {
        try {
          await this.#topicCreator.create([topic], INTERNAL_TOPIC_TIMEOUT_MS);
          await this.replicas.settledWithin(INTERNAL_TOPIC_TIMEOUT_MS);
        } catch (error) {
          this.#runtime.log.warn('an internal topic could not be created', { topic, error });
        }
      },
    });
  }

  settingsFor(topic: string, image: MetadataImage = this.#metadata.image): TopicSettings {
    return Assembly.settingsOf(this.#config, image, topic);
  }

  /** A topic's settings as of an image: its own over the broker's. */
  static settingsOf(config: BrokerConfig, image: MetadataImage, topic: string): TopicSettings {
    return topicSettings(new TopicConfig(config, image.configs('topic', topic)));
  }
}

/** min.incremental.fetch.session.eviction.ms, which Kafka keeps fixed. */
const FETCH_SESSION_EVICTION_MS_MIN = 120_000;

function serverLimits(config: BrokerConfig): ServerLimits {
  const idleMs = config.number('connections.max.idle.ms');
  const queuedBytes = config.number('queued.max.request.bytes');
  return {
    requestBytesMax: config.number('socket.request.max.bytes'),
    queuedBytesMax: QUEUED_BYTES_MAX,
    unreadBytesMax: UNREAD_BYTES_MAX,
    startedMax: STARTED_MAX,
    connections: () => ({
      max: config.number('max.connections'),
      perIpMax: config.number('max.connections.per.ip'),
      perIpOverrides: perIpOverrides(config.text('max.connections.per.ip.overrides')),
    }),
    idleMsMax: idleMs < 0 ? Number.POSITIVE_INFINITY : idleMs,
    heldBytesMax: queuedBytes < 0 ? Number.POSITIVE_INFINITY : queuedBytes,
  };
}

/** "10.0.0.1:50,10.0.0.2:5" */
function perIpOverrides(text: string): ReadonlyMap<string, number> {
  const overrides = new Map<string, number>();
  for (const pair of text.split(',')) {
    const colon = pair.lastIndexOf(':');
    if (colon > 0) overrides.set(pair.slice(0, colon).trim(), Number(pair.slice(colon + 1)));
  }
  return overrides;
}
