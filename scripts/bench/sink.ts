import { randomBytes } from 'node:crypto';
import { FramePool } from '../../core/broker/frame-pool.ts';
import {
  apiVersions,
  createTopics,
  deleteTopics,
  type FetchRequest,
  type FetchResponseDraft,
  fetch,
  findCoordinator,
  heartbeat,
  initProducerId,
  joinGroup,
  leaveGroup,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  type ProduceRequest,
  type ProduceResponseDraft,
  produce,
  syncGroup,
} from '../../core/protocol/index.ts';
import type { Connection, Runtime } from '../../core/runtime.ts';
import { type Answer, answers, SinkConnection } from './sink-connection.ts';
import { noOffsets, offsetsCommitted } from './sink-offsets.ts';
import { SinkPartition, type SinkTopic } from './sink-topic.ts';

/**
 * A broker that has no inside: it speaks the protocol to any client, acknowledges records at once without looking at them,
 * and serves those that it was sent over and over. What a tool reaches against it, it reaches against no other broker on
 * this machine.
 */

const NODE_ID = 1;
const EARLIEST = -2;
const UNKNOWN_TOPIC = 3;

export class Sink {
  readonly #runtime: Pick<Runtime, 'network' | 'timers'>;
  readonly #topics = new Map<string, SinkTopic>();
  readonly #topicsById = new Map<string, SinkTopic>();
  readonly #pool = new FramePool();
  readonly #answers: ReadonlyMap<number, Answer>;
  readonly #host: string;
  #port = 0;
  #producers = 0;

  constructor(runtime: Pick<Runtime, 'network' | 'timers'>, host: string) {
    this.#runtime = runtime;
    this.#host = host;
    const served = [...this.#hotAnswers(), ...this.#topicAnswers(), ...this.#groupAnswers()];
    this.#answers = new Map(served.map((each) => [each.api.key, each]));
  }

  async listen(port: number): Promise<number> {
    const listener = await this.#runtime.network.listen(this.#host, port, (connection) => this.accept(connection));
    this.#port = listener.port;
    return this.#port;
  }

  accept(connection: Connection): void {
    connection.handler = new SinkConnection(connection, this.#answers, this.#pool);
    connection.resume();
  }

  // ---- what a load consists of

  #hotAnswers(): Answer[] {
    return [
      answers(produce, (request, version) => this.#produced(request, version)),
      answers(fetch, (request, version, peer, correlationId) => {
        const found = this.#read(request, version, peer);
        if (found !== null || request.maxWaitMs <= 0) return found ?? NOTHING_READ;
        this.#runtime.timers.after(request.maxWaitMs, () => peer.respond(fetch, version, correlationId, NOTHING_READ));
        return null;
      }),
    ];
  }

  #topic(topicId: string, name: string, byId: boolean): SinkTopic | undefined {
    return byId ? this.#topicsById.get(topicId) : this.#topics.get(name);
  }

  #produced({ acks, topicData }: ProduceRequest, version: number): ProduceResponseDraft | null {
    const responses = topicData.map(({ name, topicId, partitionData }) => {
      const partitions = this.#topic(topicId, name, version >= 13)?.partitions;
      const partitionResponses = partitionData.map(({ index, records }) => {
        const partition = partitions?.[index];
        return partition === undefined || records === null
          ? { index, errorCode: UNKNOWN_TOPIC, baseOffset: -1 }
          : { index, errorCode: 0, baseOffset: partition.take(records), logStartOffset: 0 };
      });
      return { name, topicId, partitionResponses };
    });
    return acks === 0 ? null : { responses };
  }

  /** Null when no partition has anything. No session: the client names all partitions each time (KIP-227). */
  #read(request: FetchRequest, version: number, peer: SinkConnection): FetchResponseDraft | null {
    let isEmpty = true;
    const responses = request.topics.map(({ topic, topicId, partitions: wanted }) => {
      const partitions = this.#topic(topicId, topic, version >= 13)?.partitions;
      const read = wanted.map(({ partition: partitionIndex, fetchOffset, partitionMaxBytes }) => {
        const partition = partitions?.[partitionIndex];
        if (partition === undefined) {
          isEmpty = false;
          return {
            partitionIndex,
            errorCode: UNKNOWN_TOPIC,
            highWatermark: -1,
            abortedTransactions: null,
            records: null,
          };
        }
        const { records, endOffset } = peer.servedFrom(partition).read(fetchOffset, partitionMaxBytes);
        if (records.length > 0) isEmpty = false;
        const highWatermark = Math.max(partition.endOffset, endOffset);
        return {
          ...{ partitionIndex, errorCode: 0, highWatermark, lastStableOffset: highWatermark, logStartOffset: 0 },
          ...{ abortedTransactions: null, records },
        };
      });
      return { topic, topicId, partitions: read };
    });
    return isEmpty ? null : { sessionId: 0, responses };
  }

  // ---- what surrounds a load

  #topicAnswers(): Answer[] {
    const self = { nodeId: NODE_ID, host: this.#host };
    return [
      answers(apiVersions, () => ({
        errorCode: 0,
        apiKeys: [...this.#answers.values()].map(({ api, versions }) => ({
          apiKey: api.key,
          minVersion: api.key === produce.key ? 0 : versions.min,
          maxVersion: versions.max,
        })),
      })),
      answers(metadata, ({ topics }) => {
        const wanted = topics ?? [...this.#topics.values()].map(({ name, topicId }) => ({ name, topicId }));
        return {
          brokers: [{ ...self, port: this.#port }],
          clusterId: 'sink',
          controllerId: NODE_ID,
          topics: wanted.map(({ name, topicId }) => {
            const topic = name === null ? this.#topicsById.get(topicId) : this.#topics.get(name);
            if (topic === undefined) return { errorCode: UNKNOWN_TOPIC, name: name ?? '', topicId, partitions: [] };
            return {
              ...{ errorCode: 0, name: topic.name, topicId: topic.topicId },
              partitions: topic.partitions.map((_, partitionIndex) => ({
                ...{ errorCode: 0, partitionIndex, leaderId: NODE_ID, leaderEpoch: 0 },
                ...{ replicaNodes: [NODE_ID], isrNodes: [NODE_ID], offlineReplicas: [] },
              })),
            };
          }),
        };
      }),
      answers(createTopics, ({ topics }) => ({
        topics: topics.map(({ name, numPartitions }) => {
          const partitions = Array.from({ length: Math.max(numPartitions, 1) }, () => new SinkPartition());
          const topic: SinkTopic = { name, topicId: randomBytes(16).toString('base64url'), partitions };
          this.#topics.set(name, topic);
          this.#topicsById.set(topic.topicId, topic);
          return { name, topicId: topic.topicId, errorCode: 0, errorMessage: null };
        }),
      })),
      answers(deleteTopics, ({ topics, topicNames }, version) => {
        const names =
          version >= 6
            ? topics.map(({ name, topicId }) => name ?? this.#topicsById.get(topicId)?.name ?? null)
            : topicNames;
        return {
          responses: names.map((name) => {
            const topic = name === null ? undefined : this.#topics.get(name);
            if (topic === undefined) return { name, errorCode: UNKNOWN_TOPIC };
            this.#topics.delete(topic.name);
            this.#topicsById.delete(topic.topicId);
            return { name, topicId: topic.topicId, errorCode: 0 };
          }),
        };
      }),
      answers(initProducerId, () => ({ errorCode: 0, producerId: ++this.#producers, producerEpoch: 0 })),
      answers(listOffsets, ({ topics }, version) => ({
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, timestamp }) => ({
            ...{ partitionIndex, errorCode: 0, ...(version >= 4 ? { leaderEpoch: 0 } : {}) },
            offset: timestamp === EARLIEST ? 0 : (this.#topics.get(name)?.partitions[partitionIndex]?.endOffset ?? 0),
          })),
        })),
      })),
    ];
  }

  /** A group has one member, which leads it and is given what it asks for. */
  #groupAnswers(): Answer[] {
    return [
      answers(findCoordinator, ({ coordinatorKeys }, version) => {
        const found = { nodeId: NODE_ID, host: this.#host, port: this.#port, errorCode: 0, errorMessage: null };
        return version < 4 ? found : { coordinators: coordinatorKeys.map((key) => ({ key, ...found })) };
      }),
      answers(joinGroup, ({ memberId, protocolType, protocols }) => {
        const member = memberId === '' ? 'reader' : memberId;
        const protocol = protocols[0]!;
        return {
          ...{ errorCode: 0, generationId: 1, protocolType, protocolName: protocol.name },
          ...{ leader: member, memberId: member, members: [{ memberId: member, metadata: protocol.metadata }] },
        };
      }),
      answers(syncGroup, ({ protocolType, protocolName, assignments }) => ({
        ...{ errorCode: 0, protocolType, protocolName },
        assignment: assignments[0]?.assignment ?? new Uint8Array(0),
      })),
      answers(heartbeat, () => ({ errorCode: 0 })),
      answers(leaveGroup, ({ members }) => ({
        errorCode: 0,
        members: members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode: 0 })),
      })),
      answers(offsetFetch, noOffsets),
      answers(offsetCommit, offsetsCommitted),
    ];
  }
}

const NOTHING_READ: FetchResponseDraft = { sessionId: 0, responses: [] };
