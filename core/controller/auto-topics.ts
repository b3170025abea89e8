import type { BrokerConfig } from '../config/index.ts';
import { type CreateTopicsRequestDraft, complete, createTopics, type ElementOf, ErrorCode } from '../protocol/index.ts';
import type { ControllerPort } from './admin.ts';
import { topicNameObjection } from './topic-name.ts';

type Creatable = ElementOf<CreateTopicsRequestDraft['topics']>;

/** Version in which a broker asks for topics on its own account. */
const CREATE_TOPICS_VERSION = 7;

/**
 * Creates topics that a client asked for and that do not exist, and the brokers' internal topics. Requests for one
 * topic that overlap share one creation.
 */
export class AutoTopicCreator {
  readonly #controller: ControllerPort;
  readonly #config: BrokerConfig;
  readonly #running = new Map<string, Promise<number>>();

  constructor(controller: ControllerPort, config: BrokerConfig) {
    this.#controller = controller;
    this.#config = config;
  }

  /** The error code of each topic, none when it was made or has been there already. Bounded by `timeoutMs`. */
  async create(names: readonly string[], timeoutMs: number): Promise<ReadonlyMap<string, number>> {
    const codes = new Map<string, number>();
    const missing: string[] = [];
    for (const name of names) {
      if (topicNameObjection(name) !== null) codes.set(name, ErrorCode.invalidTopicException);
      else if (!this.#running.has(name)) missing.push(name);
    }
    if (missing.length > 0) {
      const request = this.#request(missing, timeoutMs);
      for (const name of missing) {
        this.#running.set(
          name,
          request.then((results) => results.get(name) ?? ErrorCode.requestTimedOut),
        );
      }
    }
    try {
      for (const name of names) {
        const running = this.#running.get(name);
        if (running !== undefined) codes.set(name, await running);
      }
    } finally {
      for (const name of missing) this.#running.delete(name);
    }
    return codes;
  }

  async #request(names: readonly string[], timeoutMs: number): Promise<ReadonlyMap<string, number>> {
    const origin = { principal: 'User:ANONYMOUS', clientId: null, clientHost: '' };
    const draft = { topics: names.map((name) => this.#creatable(name)), timeoutMs };
    const request = complete(createTopics.request, draft);
    const response = await this.#controller.send(createTopics, CREATE_TOPICS_VERSION, request, origin, timeoutMs);
    return new Map(
      (response?.topics ?? []).map((topic) => [
        topic.name ?? '',
        topic.errorCode === ErrorCode.topicAlreadyExists ? ErrorCode.none : (topic.errorCode ?? ErrorCode.none),
      ]),
    );
  }

  #creatable(name: string): Creatable {
    const config = this.#config;
    const compacted = { name: 'cleanup.policy', value: 'compact' };
    switch (name) {
      case '__consumer_offsets':
        return {
          name,
          numPartitions: config.number('offsets.topic.num.partitions'),
          replicationFactor: config.number('offsets.topic.replication.factor'),
          configs: [
            { name: 'compression.type', value: 'producer' },
            compacted,
            { name: 'segment.bytes', value: config.text('offsets.topic.segment.bytes') },
          ],
        };
      case '__transaction_state':
        return {
          name,
          numPartitions: config.number('transaction.state.log.num.partitions'),
          replicationFactor: config.number('transaction.state.log.replication.factor'),
          configs: [
            { name: 'compression.type', value: 'uncompressed' },
            compacted,
            { name: 'min.insync.replicas', value: config.text('transaction.state.log.min.isr') },
            { name: 'segment.bytes', value: config.text('transaction.state.log.segment.bytes') },
            { name: 'unclean.leader.election.enable', value: 'false' },
          ],
        };
      case '__share_group_state':
        return {
          name,
          numPartitions: config.number('share.coordinator.state.topic.num.partitions'),
          replicationFactor: config.number('share.coordinator.state.topic.replication.factor'),
          configs: [
            { name: 'compression.type', value: 'uncompressed' },
            { name: 'cleanup.policy', value: 'delete' },
            { name: 'min.insync.replicas', value: config.text('share.coordinator.state.topic.min.isr') },
            { name: 'segment.bytes', value: config.text('share.coordinator.state.topic.segment.bytes') },
            { name: 'retention.ms', value: '-1' },
            { name: 'retention.bytes', value: '-1' },
          ],
        };
      default:
        return { name, numPartitions: -1, replicationFactor: -1 };
    }
  }
}
