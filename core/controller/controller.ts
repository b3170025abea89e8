import type { BrokerConfig } from '../config/index.ts';
import {
  type AddRaftVoterRequest,
  type ApiSchema,
  addRaftVoter,
  brokerHeartbeat,
  brokerRegistration,
  type Draft,
  type Message,
  type MetadataRecord,
  metadataRecord,
  type RemoveRaftVoterRequest,
  registerControllerRecord,
  removeRaftVoter,
} from '../protocol/index.ts';
import type { Quorum } from '../quorum/quorum.ts';
import type { Random, Runtime, Timer } from '../runtime.ts';
import { bootstrapRecords, registeredFeatures } from './bootstrap.ts';
import { BrokerSessions } from './broker-heartbeats.ts';
import { BrokerPresence, type Endpoint } from './broker-presence.ts';
import type { ClusterImage } from './cluster-image.ts';
import { preferredElections, uncleanElections } from './due-elections.ts';
import { EarlyRequests } from './early-requests.ts';
import type { ControllerFaults } from './faults.ts';
import { ImageBuilder } from './image-builder.ts';
import { fenceBroker } from './leadership.ts';
import type { OperationContext, Outcome } from './operation.ts';
import { operationByKey } from './operations/index.ts';

export interface ControllerOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'network' | 'log'>;
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly quorum: () => Quorum;
  /** What is committed, as this node has replayed it. */
  readonly committed: () => ClusterImage;
  /** The records of `bootstrap.checkpoint`, null when there is none. */
  readonly formatted?: readonly MetadataRecord[] | null;
  /** Levels of features in a new cluster, where they are to be others than Kafka's. */
  readonly features?: Readonly<Record<string, number>>;
  /** The controller's endpoints as other nodes reach them. */
  readonly endpoints?: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly securityProtocol: number;
  }[];
  readonly incarnationId: string;
  readonly faults?: ControllerFaults;
}

interface Pending {
  /** Answered once everything below this offset is committed. */
  readonly offset: number;
  readonly resolve: (committed: boolean) => void;
}

/** The active controller's state: what was committed before it, and every record that it appended since. */
interface Active {
  readonly epoch: number;
  readonly builder: ImageBuilder;
  readonly sessions: BrokerSessions;
  /** When leadership was last balanced. */
  balancedMs: number;
}

/** Kafka's bound on a batch of the metadata log, and above what one request may produce. */
const RECORDS_PER_BATCH = 10_000;

/**
 * The cluster's state machine. While this node leads the quorum it turns requests into records against an image that
 * is ahead of the log by what it has appended itself; an answer leaves once its records are committed. When it loses
 * the lead, that image is thrown away, and what waited is answered null: the caller looks for the new controller.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #random: Random;
  readonly #presence: BrokerPresence;
  #active: Active | null = null;
  #pending: Pending[] = [];
  readonly #early: EarlyRequests<Active>;
  #committedOffset = 0;
  #timer: Timer | null = null;
  #closed = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#random = options.runtime.random.fork('controller');
    this.#presence = new BrokerPresence(options.runtime);
    this.#early = new EarlyRequests(options.runtime.timers);
  }

  get isActive(): boolean {
    return this.#active !== null;
  }

  get #leads(): boolean {
    return !this.#closed && this.#options.quorum().leader.id === this.#options.config.nodeId;
  }

  /** Image of the active controller, with what is not committed yet; null while another node leads. */
  get image(): ClusterImage | null {
    return this.#active?.builder.image ?? null;
  }

  /**
   * Null: this node is not the active controller, or ceased to be before the answer was certain. `connectionId`: which
   * connection of the controllers' listener it came over.
   */
  async handle<A extends ApiSchema>(
    api: A,
    version: number,
    request: Message<A['request']>,
    connectionId: number | null = null,
  ): Promise<Draft<A['response']> | null> {
    const { changes } = this.#options.quorum();
    // Changes of the voters are the quorum's own affair: it answers for them, whether this node leads it or not.
    if (api.key === addRaftVoter.key)
      return (await changes.add(request as AddRaftVoterRequest)) as Draft<A['response']>;
    if (api.key === removeRaftVoter.key) {
      return (await changes.remove(request as RemoveRaftVoterRequest)) as Draft<A['response']>;
    }
    const operation = operationByKey.get(api.key);
    if (operation === undefined) throw new Error(`the controller has no operation for ${api.name}`);
    const active = this.#active ?? (this.#leads ? await this.#early.next() : null);
    if (active === null) return null;
    if (connectionId !== null && (api.key === brokerHeartbeat.key || api.key === brokerRegistration.key)) {
      this.spoke((request as { readonly brokerId: number }).brokerId, connectionId);
    }
    const outcome = operation.run(this.#context(active), request, version) as Outcome<A>;
    if (!this.#apply(active, outcome.records)) return null;
    return (await this.#committed()) ? outcome.response : null;
  }

  /** A node's heartbeat, registration or fetch of metadata came over this connection of the controllers' listener. */
  spoke(nodeId: number, connectionId: number): void {
    if (nodeId >= 0) this.#presence.spoke(nodeId, connectionId);
  }

  /** A connection of the controllers' listener has ended. */
  connectionClosed(connectionId: number): void {
    const brokerId = this.#presence.closed(connectionId);
    if (brokerId !== null) this.#doubt(brokerId);
  }

  /** From the quorum's listener, after the committed image has been brought up to date. */
  committed(endOffset: number): void {
    this.#committedOffset = endOffset;
    const done = this.#pending.filter((one) => one.offset <= endOffset);
    if (done.length === 0) return;
    this.#pending = this.#pending.filter((one) => one.offset > endOffset);
    for (const one of done) one.resolve(true);
  }

  leaderChanged(leader: { readonly id: number; readonly epoch: number }): void {
    if (this.#closed) return;
    if (leader.id === this.#options.config.nodeId) this.#claim(leader.epoch);
    else {
      this.#renounce();
      this.#early.answer(null);
    }
  }

  close(): void {
    this.#closed = true;
    this.#renounce();
    this.#early.answer(null);
  }

  #claim(epoch: number): void {
    this.#renounce();
    const { config, committed, formatted, features } = this.#options;
    const image = committed().clone();
    const sessions = new BrokerSessions(config.number('broker.session.timeout.ms'));
    const nowMs = this.#nowMs();
    for (const id of image.brokerIds()) sessions.restart(id, nowMs);
    this.#active = { epoch, builder: new ImageBuilder(image), sessions, balancedMs: nowMs };
    if (image.features.size === 0) {
      const minInsyncReplicas = config.number('min.insync.replicas');
      this.#apply(this.#active, bootstrapRecords(formatted ?? null, minInsyncReplicas, features));
    }
    this.#registerController();
    this.#schedule();
    this.#early.answer(this.#active);
    // Whoever ended with the controller before this one has no connection here that could break.
    for (const id of image.brokerIds()) this.#doubt(id);
  }

  #renounce(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#active = null;
    const waiting = this.#pending;
    this.#pending = [];
    for (const one of waiting) one.resolve(false);
  }

  /** KIP-919: every controller's endpoints stand in the log; the active one writes its own. */
  #registerController(): void {
    const active = this.#active;
    if (active === null) return;
    const { config, endpoints = [], incarnationId } = this.#options;
    if (active.builder.image.controllers.get(config.nodeId)?.incarnationId === incarnationId) return;
    this.#apply(active, [
      metadataRecord(registerControllerRecord, 0, {
        controllerId: config.nodeId,
        incarnationId,
        endPoints: endpoints,
        features: registeredFeatures,
      }),
    ]);
  }

  #context(active: Active): OperationContext {
    return {
      image: active.builder.image,
      config: this.#options.config,
      clusterId: this.#options.clusterId,
      sessions: active.sessions,
      random: this.#random,
      nowMs: this.#nowMs(),
      nextOffset: this.#options.quorum().logEndOffset,
      quorum: this.#options.quorum(),
      faults: this.#options.faults ?? {},
    };
  }

  /** Appends and takes over the records. False: this node does not lead any more. */
  #apply(active: Active, records: readonly MetadataRecord[]): boolean {
    // What a broker's end means for very many partitions is more than one batch; no request of a client is.
    for (let at = 0; at < records.length; at += RECORDS_PER_BATCH) {
      const batch = records.slice(at, at + RECORDS_PER_BATCH);
      if (this.#active !== active || this.#options.quorum().append(active.epoch, batch) === null) return false;
      for (const record of batch) active.builder.apply(record);
      active.builder.takeDelta();
    }
    return true;
  }

  /** Waits until all that was appended so far is committed, so that an answer never shows what may yet be lost. */
  #committed(): Promise<boolean> {
    const offset = this.#options.quorum().logEndOffset;
    if (offset <= this.#committedOffset) return Promise.resolve(true);
    return new Promise((resolve) => this.#pending.push({ offset, resolve }));
  }

  #nowMs(): number {
    return this.#options.runtime.clock.monotonicNs() / 1e6;
  }

  /** Wakes for the next broker session that runs out. */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (this.#active === null) return;
    const interval = this.#options.config.number('broker.session.timeout.ms') / 8;
    this.#timer = this.#options.runtime.timers.after(interval, () => {
      this.#maintain();
      this.#schedule();
    });
  }

  /** Fences a broker at once whose process has ended, if nothing was heard of it since the first sign of that. */
  #doubt(id: number): void {
    const active = this.#active;
    const { config, runtime } = this.#options;
    const endpoint = active === null ? null : this.#peerEndpoint(active, id);
    if (active === null || endpoint === null || id === config.nodeId) return;
    const { epoch } = active.builder.image.brokers.get(id)!;
    const heardMs = active.sessions.get(id)?.lastContactMs;
    this.#presence.ask(id, endpoint, () => {
      const broker = active.builder.image.brokers.get(id);
      if (this.#active !== active || broker === undefined || broker.fenced || broker.epoch !== epoch) return;
      if (active.sessions.get(id)?.lastContactMs !== heardMs) return;
      runtime.log.info('fencing a broker whose process has ended', { broker: id });
      this.#apply(active, fenceBroker(this.#context(active), id));
    });
  }

  /** Where the other brokers reach it; null for one that is fenced or not known. */
  #peerEndpoint(active: Active, id: number): Endpoint | null {
    const broker = active.builder.image.brokers.get(id);
    if (broker === undefined || broker.fenced) return null;
    const name = this.#options.config.interBrokerListenerName;
    return broker.endpoints.find((endpoint) => endpoint.name === name) ?? broker.endpoints[0] ?? null;
  }

  #maintain(): void {
    const active = this.#active;
    if (active === null) return;
    for (const id of active.builder.image.brokerIds()) {
      const broker = active.builder.image.brokers.get(id)!;
      if (broker.fenced || active.sessions.isAlive(id, this.#nowMs())) continue;
      this.#options.runtime.log.info('fencing a broker whose session ran out', { broker: id });
      if (!this.#apply(active, fenceBroker(this.#context(active), id))) return;
    }
    this.#apply(active, uncleanElections(this.#context(active)));
    this.#balanceLeaders(active);
  }

  /** As often as `auto.leader.rebalance.enable` and its interval say. */
  #balanceLeaders(active: Active): void {
    const { config } = this.#options;
    if (!config.boolean('auto.leader.rebalance.enable')) return;
    const intervalMs = config.number('leader.imbalance.check.interval.seconds') * 1000;
    const nowMs = this.#nowMs();
    if (nowMs - active.balancedMs < intervalMs) return;
    active.balancedMs = nowMs;
    this.#apply(active, preferredElections(this.#context(active)));
  }
}
