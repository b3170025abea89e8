import { BrokerConfig } from '../../config/index.ts';
import {
  type ApiSchema,
  brokerHeartbeat,
  brokerRegistration,
  complete,
  type Draft,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type Message,
  type MetadataRecord,
  parseVersions,
} from '../../protocol/index.ts';
import type { CommittedBatch, Quorum, QuorumDescription } from '../../quorum/quorum.ts';
import { VirtualTime } from '../../quorum/testing/virtual-time.ts';
import { createRandom } from '../../random.ts';
import { type Network, NetworkError } from '../../runtime.ts';
import { Controller } from '../controller.ts';
import type { ControllerFaults } from '../faults.ts';
import { MetadataReplica } from '../metadata-view.ts';
import { registration } from './single-node.ts';

/** Nobody is reached and nobody refuses: brokers of this world are told apart by their heartbeats alone. */
const silence: Network = {
  listen: () => Promise.reject(new NetworkError('EACCES', 'nobody listens in this world')),
  connect: () => Promise.reject(new NetworkError('ETIMEDOUT', 'nobody answers in this world')),
};

/** A log that commits what is appended a millisecond later, having written and read every record. */
class InstantQuorum implements Quorum {
  readonly nodeId = 100;
  readonly batches: CommittedBatch[] = [];
  readonly #time: VirtualTime;
  readonly #deliver: (batch: CommittedBatch) => void;
  leader: { readonly id: number; readonly epoch: number } = { id: 100, epoch: 1 };
  highWatermark = 0;
  logEndOffset = 0;
  kraftVersion = 0;
  readonly changes: Quorum['changes'] = {
    add: () => Promise.resolve({}),
    remove: () => Promise.resolve({}),
    update: () => ({}),
    upgrade: () => null,
  };

  constructor(time: VirtualTime, deliver: (batch: CommittedBatch) => void) {
    this.#time = time;
    this.#deliver = deliver;
  }

  append(epoch: number, records: readonly MetadataRecord[]): number | null {
    if (epoch !== this.leader.epoch) return null;
    const batch: CommittedBatch = {
      baseOffset: this.logEndOffset,
      lastOffset: this.logEndOffset + records.length - 1,
      epoch,
      appendTimeMs: this.#time.wallMs(),
      bytes: 0,
      records: records.map((record) => decodeMetadataRecord(encodeMetadataRecord(record))),
    };
    this.logEndOffset += records.length;
    this.#time.after(1, () => {
      this.highWatermark = batch.lastOffset + 1;
      this.batches.push(batch);
      this.#deliver(batch);
    });
    return batch.lastOffset;
  }

  describe(): QuorumDescription {
    const { id: leaderId, epoch: leaderEpoch } = this.leader;
    return { leaderId, leaderEpoch, highWatermark: this.highWatermark, voters: [], observers: [] };
  }

  async close(): Promise<void> {}
}

/** An active controller on virtual time, and brokers that a test plays. */
export class ControllerWorld {
  readonly time: VirtualTime;
  readonly replica: MetadataReplica;
  readonly controller: Controller;
  readonly quorum: InstantQuorum;
  /** Epochs of the brokers that were registered. */
  readonly epochs: Map<number, number> = new Map();

  private constructor(time: VirtualTime, replica: MetadataReplica, controller: Controller, quorum: InstantQuorum) {
    this.time = time;
    this.replica = replica;
    this.controller = controller;
    this.quorum = quorum;
  }

  static async start(options: {
    readonly settle: () => Promise<void>;
    readonly seed?: string;
    readonly settings?: Readonly<Record<string, string>>;
    readonly faults?: ControllerFaults;
  }): Promise<ControllerWorld> {
    const time = new VirtualTime(options.settle);
    const replica = new MetadataReplica(time);
    const quorum = new InstantQuorum(time, (batch) => replica.committed([batch]));
    const config = BrokerConfig.parse({
      'node.id': '100',
      'process.roles': 'controller',
      'log.dirs': '/data',
      listeners: 'CONTROLLER://localhost:9093',
      'controller.listener.names': 'CONTROLLER',
      ...options.settings,
    });
    const quiet = { debug() {}, info() {}, warn() {}, error() {} };
    const controller = new Controller({
      runtime: {
        clock: time,
        timers: time,
        random: createRandom(options.seed ?? 'controller'),
        network: silence,
        log: quiet,
      },
      config,
      clusterId: 'cluster',
      quorum: () => quorum,
      committed: () => replica.image,
      incarnationId: 'nPauoJZ5SViztyI2WtXs5Q',
      ...(options.faults === undefined ? {} : { faults: options.faults }),
    });
    replica.controller = controller;
    replica.leaderChanged(quorum.leader);
    await time.run(10);
    return new ControllerWorld(time, replica, controller, quorum);
  }

  /** A request at `version`, by default its highest; the answer, once committed. */
  async ask<A extends ApiSchema>(api: A, draft: Draft<A['request']>, version?: number): Promise<Draft<A['response']>> {
    const request = complete(api.request, draft) as Message<A['request']>;
    const answer = this.controller.handle(api, version ?? parseVersions(api.request.versions)!.max, request);
    await this.time.run(2);
    const response = await answer;
    if (response === null) throw new Error(`no answer to ${api.name}`);
    return response;
  }

  /** Registers a broker and unfences it. */
  async addBroker(id: number, more: Record<string, unknown> = {}): Promise<void> {
    const answer = await this.ask(brokerRegistration, registration(id, more));
    if (answer.errorCode !== 0) throw new Error(`broker ${id} was not registered: ${answer.errorCode}`);
    this.epochs.set(id, answer.brokerEpoch!);
    await this.beat(id);
  }

  beat(id: number, more: Record<string, unknown> = {}): Promise<Draft<(typeof brokerHeartbeat)['response']>> {
    return this.ask(brokerHeartbeat, {
      brokerId: id,
      brokerEpoch: this.epochs.get(id)!,
      currentMetadataOffset: this.quorum.highWatermark,
      ...more,
    });
  }

  /** Lets time pass while these brokers go on beating. */
  async pass(ms: number, alive: readonly number[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      await this.time.run(1000);
      for (const id of alive) await this.beat(id);
    }
  }
}
