import { type BrokerConfig, reachableHost } from '../config/index.ts';
import { complete, controllerRegistration } from '../protocol/index.ts';
import {
  ChannelPeers,
  type CommittedBatch,
  type PeerNetwork,
  type QuorumFaults,
  type QuorumListener,
  RaftQuorum,
  readSnapshot,
} from '../quorum/index.ts';
import type { Runtime } from '../runtime.ts';
import type { ControllerPort } from './admin.ts';
import { registeredFeatures } from './bootstrap.ts';
import { Controller, type ControllerOptions } from './controller.ts';
import { NodeControllerPort } from './controller-port.ts';
import { DynamicConfigListener } from './dynamic-config.ts';
import type { ControllerFaults } from './faults.ts';
import type { MetadataListener } from './image.ts';
import { MetadataReplica } from './metadata-view.ts';
import { randomUuid } from './uuid.ts';

export interface MetadataNodeOptions {
  readonly runtime: Runtime;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  /** `directory.id` of the metadata log directory. */
  readonly directoryId: string;
  /** The way to other members; default connections of its own, where the configuration names other voters. */
  readonly peers?: PeerNetwork;
  /** Where other nodes reach this controller; default what `controller.quorum.voters` or its listener says of it. */
  readonly endpoints?: NonNullable<ControllerOptions['endpoints']>;
  /** The metadata log's disk failed. */
  readonly onFailure?: (error: Error) => void;
  /** Levels of features in a new cluster, where they are to be others than Kafka's. */
  readonly features?: Readonly<Record<string, number>>;
  readonly controllerFaults?: ControllerFaults;
  readonly quorumFaults?: QuorumFaults;
}

/** Quorum, controller and committed metadata of one node, wired together. */
export interface MetadataNode {
  readonly quorum: RaftQuorum;
  readonly controller: Controller;
  readonly metadata: MetadataReplica;
  readonly port: ControllerPort;
  /** Resolves when some controller is known to be active; false after `timeoutMs`. */
  ready(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Opens the metadata log and starts the quorum. Listeners added to `metadata` afterwards hear at once of what was
 * replayed before them.
 */
export async function openMetadataNode(options: MetadataNodeOptions): Promise<MetadataNode> {
  const { runtime, config, clusterId, directoryId, onFailure } = options;
  const metadata = new MetadataReplica(runtime.timers);
  metadata.addListener(new DynamicConfigListener(config));
  const bootstrap = readSnapshot(runtime.disk, `${config.metadataLogDir}/bootstrap.checkpoint`, runtime.codecs);
  const incarnationId = randomUuid(runtime.random.fork('controller incarnation'));
  const endpoints = options.endpoints ?? ownEndpoints(config);
  let quorum: RaftQuorum | null = null;
  const controller = new Controller({
    runtime,
    config,
    clusterId,
    quorum: () => quorum!,
    committed: () => metadata.image,
    formatted: bootstrap?.records ?? null,
    incarnationId,
    endpoints,
    ...(options.features === undefined ? {} : { features: options.features }),
    ...(options.controllerFaults === undefined ? {} : { faults: options.controllerFaults }),
  });
  metadata.controller = controller;
  const peers = options.peers ?? new ChannelPeers(runtime, `node-${config.nodeId}`);
  quorum = await RaftQuorum.open({
    runtime,
    config,
    clusterId,
    directoryId,
    endpoints: endpoints.map(({ name, host, port }) => ({ name, host, port })),
    listener: new LeaderWatch(metadata, peers, config.nodeId),
    peers,
    snapshotRecords: () => metadata.snapshotRecords(),
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(options.quorumFaults === undefined ? {} : { faults: options.quorumFaults }),
  });
  const opened = quorum;
  const port = new NodeControllerPort({
    controller,
    clock: runtime.clock,
    timers: runtime.timers,
    remote: () => (opened.leader.id === config.nodeId ? null : opened.addressOf(opened.leader.id)),
    peers,
  });
  const registration = new Registration(port, metadata, config, incarnationId, endpoints);
  metadata.addListener(registration);
  return {
    quorum: opened,
    controller,
    metadata,
    port,
    ready: (timeoutMs) => metadata.controllerKnown(timeoutMs),
    close: async () => {
      controller.close();
      await opened.close();
      await registration.settled();
    },
  };
}

/**
 * Gives up what is under way to a leader that has been replaced: its host may be gone without a word, and what waits for
 * its answer, such as the change of an in-sync set, has to go to the new one.
 */
class LeaderWatch implements QuorumListener {
  readonly #metadata: MetadataReplica;
  readonly #peers: PeerNetwork;
  readonly #nodeId: number;
  #followed = { id: -1, epoch: -1 };

  constructor(metadata: MetadataReplica, peers: PeerNetwork, nodeId: number) {
    this.#metadata = metadata;
    this.#peers = peers;
    this.#nodeId = nodeId;
  }

  committed(batches: readonly CommittedBatch[]): void {
    this.#metadata.committed(batches);
  }

  snapshotLoaded(...snapshot: Parameters<QuorumListener['snapshotLoaded']>): void {
    this.#metadata.snapshotLoaded(...snapshot);
  }

  leaderChanged(leader: { readonly id: number; readonly epoch: number }): void {
    const before = this.#followed;
    if (leader.id !== -1 && leader.epoch !== before.epoch) {
      this.#followed = { ...leader };
      if (before.id !== -1 && before.id !== this.#nodeId) this.#peers.drop?.(before.id);
    }
    this.#metadata.leaderChanged(leader);
  }
}

type Endpoints = NonNullable<ControllerOptions['endpoints']>;

function ownEndpoints(config: BrokerConfig): Endpoints {
  const voter = config.quorumVoters.find(({ id }) => id === config.nodeId);
  const own = voter ?? config.quorumEndpoint;
  if (own === null || own.port === 0) return [];
  return [{ name: config.quorumListenerName, host: reachableHost(own.host), port: own.port, securityProtocol: 0 }];
}

const REGISTRATION_TIMEOUT_MS = 2000;

/** A controller that does not lead tells the one that does where it is (KIP-919), whenever the metadata does not say so. */
class Registration implements MetadataListener {
  readonly #port: ControllerPort;
  readonly #metadata: MetadataReplica;
  readonly #config: BrokerConfig;
  readonly #incarnationId: string;
  readonly #endpoints: Endpoints;
  #sending: Promise<void> | null = null;

  constructor(
    port: ControllerPort,
    metadata: MetadataReplica,
    config: BrokerConfig,
    incarnationId: string,
    endpoints: Endpoints,
  ) {
    this.#port = port;
    this.#metadata = metadata;
    this.#config = config;
    this.#incarnationId = incarnationId;
    this.#endpoints = endpoints;
  }

  metadataChanged(): void {
    const { image, controllerId } = this.#metadata;
    const { nodeId, isController } = this.#config;
    if (!isController || this.#sending !== null || image.features.size === 0) return;
    if (controllerId === -1 || controllerId === nodeId) return;
    if (image.controllers.get(nodeId)?.incarnationId === this.#incarnationId) return;
    const done = (): void => {
      this.#sending = null;
    };
    this.#sending = this.#send().then(done, done);
  }

  async settled(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    const request = complete(controllerRegistration.request, {
      controllerId: this.#config.nodeId,
      incarnationId: this.#incarnationId,
      listeners: this.#endpoints,
      features: registeredFeatures,
    });
    const origin = { principal: 'User:ANONYMOUS', clientId: null, clientHost: '' };
    await this.#port.send(controllerRegistration, 0, request, origin, REGISTRATION_TIMEOUT_MS);
  }
}
