import { concatenate } from '../../concatenate.ts';
import {
  apiVersions,
  ErrorCode,
  type FetchRequest,
  type FetchResponseDraft,
  fetch,
  initProducerId,
  type ListOffsetsRequest,
  type ListOffsetsResponseDraft,
  listOffsets,
  type MetadataResponseDraft,
  metadata,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponseDraft,
  offsetForLeaderEpoch,
  type ProduceRequest,
  type ProduceResponseDraft,
  produce,
} from '../../protocol/index.ts';
import { createRandom } from '../../random.ts';
import {
  batchBaseOffset,
  batchLastOffset,
  batchProducerEpoch,
  batchProducerId,
  isTransactionalBatch,
} from '../../records/index.ts';
import type { Codecs, Disk, Logger, Runtime } from '../../runtime.ts';
import { FakeBroker, type Reply } from './fake-broker.ts';
import { FakeGroup } from './fake-group.ts';
import { FakeLog } from './fake-log.ts';
import { FakeTransactions } from './fake-transactions.ts';
import { MemoryNetwork } from './memory-network.ts';
import { VirtualTime } from './virtual-time.ts';

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAEA';

/** What happens to one Produce request for one partition, before or after the log has taken it. */
export type ProduceFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'refuseBefore' | 'refuseAfter'; readonly errorCode: number }
  | { readonly kind: 'hangUpBefore' | 'hangUpAfter' | 'silenceBefore' | 'silenceAfter' }
  | { readonly kind: 'delay'; readonly ms: number };

export type FetchedPartition = FetchRequest['topics'][number]['partitions'][number];
export type FetchAnswer = NonNullable<NonNullable<FetchResponseDraft['responses']>[number]['partitions']>[number];

/** A client's world with brokers 1…n (host "b", port = id) that have one topic, `t`. */
export class ClientWorld {
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly runtime: Runtime;
  readonly brokers: FakeBroker[] = [];
  readonly logs: FakeLog[] = [];
  /** Leader by partition. */
  readonly leaders: number[] = [];
  readonly logLines: string[] = [];
  /** Asked for every batch; the test's faults. */
  produceFault: (partition: number) => ProduceFault = () => ({ kind: 'none' });
  /** A larger batch is refused with MESSAGE_TOO_LARGE. */
  batchBytesMax: number = Number.POSITIVE_INFINITY;
  producerIds = 0;
  /** Every Fetch request, in order. */
  readonly fetches: FetchRequest[] = [];
  /** Followers answer Fetch as their leader would (KIP-392). */
  followersServe = false;
  /** What a test wants to stand in a partition's part of a Fetch response. */
  fetchAnswer: (brokerId: number, asked: FetchedPartition) => Partial<FetchAnswer> = () => ({});
  readonly group: FakeGroup;
  /** Serves transactional ids where `transactions` was given. */
  readonly transactions: FakeTransactions;
  readonly #oldest: boolean;

  constructor(
    codecs: Codecs,
    drain: () => Promise<void>,
    /** `oldest`: every API at the lowest version that we know. */
    options: { brokers?: number; partitions?: number; oldest?: boolean; transactions?: number } = {},
  ) {
    this.#oldest = options.oldest ?? false;
    this.time = new VirtualTime(drain);
    this.network = new MemoryNetwork(this.time);
    this.group = new FakeGroup(this.time);
    this.transactions = new FakeTransactions(options.transactions ?? 0);
    const write = (message: string, fields?: Record<string, unknown>): void => {
      this.logLines.push(`${this.time.nowMs} ${message} ${JSON.stringify(fields ?? {})}`);
    };
    const log: Logger = { debug: write, info: write, warn: write, error: write };
    const disk = {} as Disk;
    const { time, network } = this;
    this.runtime = { clock: time, timers: time, random: createRandom('client world'), disk, network, codecs, log };
    for (let partition = 0; partition < (options.partitions ?? 1); partition++) {
      this.logs.push(new FakeLog(codecs));
      this.leaders.push(1);
    }
    for (let id = 1; id <= (options.brokers ?? 1); id++) this.brokers.push(this.#broker(id));
  }

  get bootstrap(): { 'bootstrap.servers': string } {
    return { 'bootstrap.servers': this.brokers.map(({ host, port }) => `${host}:${port}`).join(',') };
  }

  async start(): Promise<this> {
    for (const broker of this.brokers) await broker.start(this.network);
    return this;
  }

  /** The leader of a partition moves, under a new epoch. */
  lead(partition: number, brokerId: number): void {
    this.leaders[partition] = brokerId;
    this.logs[partition]!.leaderEpoch++;
  }

  metadataResponse(): MetadataResponseDraft {
    const ids = this.brokers.map((broker) => broker.port);
    return {
      brokers: this.brokers.map(({ host, port }) => ({ nodeId: port, host, port })),
      clusterId: 'fake',
      controllerId: 1,
      topics: [
        {
          name: 't',
          topicId: TOPIC_ID,
          partitions: this.leaders.map((leaderId, partitionIndex) => ({
            partitionIndex,
            leaderId,
            leaderEpoch: this.logs[partitionIndex]!.leaderEpoch,
            replicaNodes: ids,
            isrNodes: ids,
          })),
        },
      ],
    };
  }

  #broker(id: number): FakeBroker {
    const broker = new FakeBroker(this.time, 'b', id);
    const at = (version: number): number | undefined => (this.#oldest ? version : undefined);
    if (this.#oldest) broker.on(apiVersions, () => ({ kind: 'answer', body: broker.versions() }), 0);
    broker.on(metadata, () => ({ kind: 'answer', body: this.metadataResponse() }), at(0));
    const newId = () => ({ producerId: 1000 + this.producerIds++, producerEpoch: 0 });
    broker.on(initProducerId, () => ({ kind: 'answer', body: newId() }), at(0) ?? 5);
    if (this.transactions.level > 0) this.transactions.serve(broker, newId);
    broker.on(produce, (request, version) => this.#answerProduce(id, request, version), at(3));
    broker.on(listOffsets, (request) => ({ kind: 'answer', body: this.#offsets(id, request) }), at(1));
    broker.on(offsetForLeaderEpoch, (request) => ({ kind: 'answer', body: this.#epochEnds(id, request) }), at(2));
    broker.on(fetch, (request) => this.#answerFetch(id, request), at(4));
    this.group.serve(broker, this.#oldest);
    return broker;
  }

  async #answerProduce(id: number, request: ProduceRequest, version: number): Promise<Reply<ProduceResponseDraft>> {
    const answers: { index: number; errorCode: number; baseOffset: number }[] = [];
    let reply: Reply<never> | null = null;
    for (const { index, records } of request.topicData[0]!.partitionData) {
      const outcome = this.#produce(id, index, records!, request.transactionalId, version);
      if (outcome.kind !== 'answer') reply = outcome;
      else {
        if (outcome.afterMs !== undefined) await this.time.sleep(outcome.afterMs);
        answers.push({ index, ...outcome.body });
      }
    }
    if (reply !== null) return reply;
    return { kind: 'answer', body: { responses: [{ topicId: TOPIC_ID, name: 't', partitionResponses: answers }] } };
  }

  #offsets(id: number, request: ListOffsetsRequest): ListOffsetsResponseDraft {
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => ({
        partitionIndex,
        errorCode: this.leaders[partitionIndex] === id ? 0 : ErrorCode.notLeaderOrFollower,
        offset: timestamp === -2 ? this.#startOffset(partitionIndex) : this.logs[partitionIndex]!.endOffset,
        ...(this.#oldest ? {} : { leaderEpoch: this.logs[partitionIndex]!.leaderEpoch }),
      })),
    }));
    return { topics };
  }

  #epochEnds(id: number, request: OffsetForLeaderEpochRequest): OffsetForLeaderEpochResponseDraft {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch }) => ({
        partition,
        errorCode: this.leaders[partition] === id ? 0 : ErrorCode.notLeaderOrFollower,
        ...this.logs[partition]!.endOfEpoch(leaderEpoch),
      })),
    }));
    return { topics };
  }

  #answerFetch(id: number, request: FetchRequest): Reply<FetchResponseDraft> {
    this.fetches.push(request);
    const partitions = request.topics.flatMap((topic) => topic.partitions);
    const answers = partitions.map((asked) => {
      const { partition, fetchOffset } = asked;
      const log = this.logs[partition]!;
      const isLeader = this.leaders[partition] === id || this.followersServe;
      const batches = isLeader ? log.batches.filter((batch) => batchLastOffset(batch, 0) >= fetchOffset) : [];
      const outOfRange = isLeader && (fetchOffset > log.endOffset || fetchOffset < this.#startOffset(partition));
      return {
        partitionIndex: partition,
        errorCode: !isLeader ? ErrorCode.notLeaderOrFollower : outOfRange ? ErrorCode.offsetOutOfRange : 0,
        highWatermark: log.endOffset,
        lastStableOffset: log.endOffset,
        records: concatenate(batches),
        ...this.fetchAnswer(id, asked),
      };
    });
    const isEmpty = answers.every((answer) => answer.errorCode === 0 && !answer.records?.length);
    const responses = [{ topic: 't', topicId: TOPIC_ID, partitions: answers }];
    return { kind: 'answer', body: { responses }, afterMs: isEmpty ? request.maxWaitMs : 0 };
  }

  #startOffset(partition: number): number {
    const first = this.logs[partition]!.batches[0];
    return first === undefined ? 0 : batchBaseOffset(first, 0);
  }

  #produce(
    brokerId: number,
    partition: number,
    records: Uint8Array,
    transactionalId: string | null,
    version: number,
  ): Exclude<Reply<{ errorCode: number; baseOffset: number }>, { kind: 'raw' }> {
    const refused = (errorCode: number) => ({ kind: 'answer', body: { errorCode, baseOffset: -1 } }) as const;
    if (this.leaders[partition] !== brokerId) return refused(ErrorCode.notLeaderOrFollower);
    const fault = this.produceFault(partition);
    if (fault.kind === 'refuseBefore') return refused(fault.errorCode);
    if (fault.kind === 'hangUpBefore') return { kind: 'hangUp' };
    if (fault.kind === 'silenceBefore') return { kind: 'silence' };
    if (records.length > this.batchBytesMax) return refused(ErrorCode.messageTooLarge);
    if (transactionalId !== null) {
      const producerId = batchProducerId(records, 0);
      const epoch = batchProducerEpoch(records, 0);
      const code = this.transactions.produced(transactionalId, producerId, epoch, `t-${partition}`, version);
      if (code !== ErrorCode.none || !isTransactionalBatch(records, 0))
        return refused(code || ErrorCode.invalidTxnState);
    }
    const outcome = this.logs[partition]!.append(records);
    if (fault.kind === 'refuseAfter') return refused(fault.errorCode);
    if (fault.kind === 'hangUpAfter') return { kind: 'hangUp' };
    if (fault.kind === 'silenceAfter') return { kind: 'silence' };
    if (outcome.kind === 'refused') return refused(outcome.errorCode);
    const body = { errorCode: 0, baseOffset: outcome.baseOffset };
    return fault.kind === 'delay' ? { kind: 'answer', body, afterMs: fault.ms } : { kind: 'answer', body };
  }
}
