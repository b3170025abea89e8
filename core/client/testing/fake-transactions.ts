import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  ErrorCode,
  endTxn,
  type InitProducerIdRequest,
  initProducerId,
  txnOffsetCommit,
} from '../../protocol/index.ts';
import type { FakeBroker, Reply } from './fake-broker.ts';

interface FakeProducer {
  readonly producerId: number;
  producerEpoch: number;
  /** What is part of the open transaction; null without one. */
  open: Set<string> | null;
  /** By KIP-890, how an EndTxn that is sent again is known. */
  lastEnd: { readonly epoch: number; readonly committed: boolean } | null;
}

/** What a test does to one request: refuse it, or end the connection before or after it was carried out. */
export type TransactionFault = number | 'hangUpBefore' | 'hangUpAfter';

/** A coordinator of transactions without a log: it knows who may write, what is open, and how each one ended. */
export class FakeTransactions {
  /** What was asked, in order, with the version: "EndTxn 5 commit". */
  readonly asked: string[] = [];
  /** How the transactions ended, in order. */
  readonly ended: { readonly committed: boolean; readonly parts: readonly string[] }[] = [];
  /** By the API's name, for its next requests in turn. */
  readonly faults: Map<string, TransactionFault[]> = new Map();
  /** Level of transaction.version. */
  readonly level: number;
  readonly #producers = new Map<string, FakeProducer>();
  #producerIds = 5000;

  constructor(level: number) {
    this.level = level;
  }

  serve(broker: FakeBroker, newProducerId: () => { producerId: number; producerEpoch: number }): void {
    broker.features.set('transaction.version', this.level);
    const implicit = this.level >= 2;
    broker.on(initProducerId, (request, version) => this.#init(request, version, newProducerId), 5);
    broker.on(addPartitionsToTxn, (request, version) => {
      const id = request.v3AndBelowTransactionalId;
      const parts = request.v3AndBelowTopics.flatMap(({ name, partitions }) =>
        partitions.map((one) => `${name}-${one}`),
      );
      this.asked.push(`AddPartitionsToTxn ${version} ${parts.join(' ')}`);
      return this.#answer('AddPartitionsToTxn', () => {
        const errorCode = this.#add(id, request.v3AndBelowProducerId, request.v3AndBelowProducerEpoch, parts);
        return (code = errorCode) => ({
          resultsByTopicV3AndBelow: request.v3AndBelowTopics.map(({ name, partitions }) => ({
            name,
            resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: code })),
          })),
        });
      });
    });
    broker.on(addOffsetsToTxn, (request, version) => {
      this.asked.push(`AddOffsetsToTxn ${version} ${request.groupId}`);
      return this.#answer('AddOffsetsToTxn', () => {
        const { transactionalId, producerId, producerEpoch, groupId } = request;
        const errorCode = this.#add(transactionalId, producerId, producerEpoch, [`offsets of ${groupId}`]);
        return (code = errorCode) => ({ errorCode: code });
      });
    });
    broker.on(txnOffsetCommit, (request, version) => {
      this.asked.push(`TxnOffsetCommit ${version} ${request.groupId} ${request.generationId}`);
      return this.#answer('TxnOffsetCommit', () => {
        const { transactionalId, producerId, producerEpoch, groupId } = request;
        const parts = [`offsets of ${groupId}`];
        const errorCode = implicit ? this.#add(transactionalId, producerId, producerEpoch, parts) : 0;
        return (code = errorCode) => ({
          topics: request.topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
          })),
        });
      });
    });
    broker.on(endTxn, (request, version) => {
      this.asked.push(`EndTxn ${version} ${request.committed ? 'commit' : 'abort'}`);
      return this.#answer('EndTxn', () => {
        const { transactionalId, producerId, producerEpoch, committed } = request;
        const outcome = this.#end(transactionalId, producerId, producerEpoch, committed, version >= 5);
        return (code = outcome.errorCode) => ({ ...outcome, errorCode: code });
      });
    });
  }

  /** Checks a Produce request, and by KIP-890 takes its partition into the transaction. */
  produced(id: string, producerId: number, epoch: number, part: string, version: number): number {
    const producer = this.#producers.get(id);
    if (producer === undefined) return ErrorCode.invalidProducerIdMapping;
    if (version >= 12) return this.#add(id, producerId, epoch, [part]);
    if (epoch < producer.producerEpoch) return ErrorCode.invalidProducerEpoch;
    return producer.open?.has(part) === true ? 0 : ErrorCode.invalidTxnState;
  }

  #init(
    request: InitProducerIdRequest,
    version: number,
    newProducerId: () => { producerId: number; producerEpoch: number },
  ): Reply<{ errorCode?: number; producerId?: number; producerEpoch: number }> {
    const { transactionalId } = request;
    if (transactionalId === null) return { kind: 'answer', body: newProducerId() };
    const continues = request.producerId >= 0 ? ` of ${request.producerId}/${request.producerEpoch}` : '';
    this.asked.push(`InitProducerId ${version}${continues}`);
    return this.#answer('InitProducerId', () => {
      let producer = this.#producers.get(transactionalId);
      const isStranger =
        producer !== undefined && request.producerId >= 0 && request.producerEpoch < producer.producerEpoch;
      if (isStranger) return (code = ErrorCode.producerFenced as number) => ({ errorCode: code, producerEpoch: -1 });
      if (producer === undefined) {
        producer = { producerId: this.#producerIds++, producerEpoch: -1, open: null, lastEnd: null };
        this.#producers.set(transactionalId, producer);
      }
      this.#close(producer, false);
      producer.producerEpoch++;
      const { producerId, producerEpoch } = producer;
      return (errorCode = 0) => ({ errorCode, producerId, producerEpoch });
    });
  }

  #add(id: string, producerId: number, epoch: number, parts: readonly string[]): number {
    const producer = this.#producers.get(id);
    if (producer?.producerId !== producerId) return ErrorCode.invalidProducerIdMapping;
    if (epoch !== producer.producerEpoch) return ErrorCode.producerFenced;
    producer.open ??= new Set();
    for (const part of parts) producer.open.add(part);
    return ErrorCode.none;
  }

  #end(id: string, producerId: number, epoch: number, committed: boolean, bumps: boolean) {
    const producer = this.#producers.get(id);
    const refused = (errorCode: number) => ({ errorCode, producerId: -1, producerEpoch: -1 });
    if (producer?.producerId !== producerId) return refused(ErrorCode.invalidProducerIdMapping);
    const isRepeated = producer.lastEnd?.epoch === epoch && producer.lastEnd.committed === committed;
    if (epoch !== producer.producerEpoch && !(bumps && isRepeated)) return refused(ErrorCode.producerFenced);
    if (producer.open === null && !isRepeated && !(bumps && !committed)) return refused(ErrorCode.invalidTxnState);
    if (epoch === producer.producerEpoch) {
      this.#close(producer, committed);
      producer.lastEnd = { epoch, committed };
      if (bumps) producer.producerEpoch++;
    }
    return bumps ? { errorCode: 0, producerId, producerEpoch: producer.producerEpoch } : { errorCode: 0 };
  }

  #close(producer: FakeProducer, committed: boolean): void {
    if (producer.open !== null) this.ended.push({ committed, parts: [...producer.open] });
    producer.open = null;
  }

  /** `carryOut` does the work and returns what makes its answer, with another error code if one is given. */
  #answer<B>(name: string, carryOut: () => (code?: number) => B): Reply<B> {
    const fault = this.faults.get(name)?.shift();
    if (fault === 'hangUpBefore') return { kind: 'hangUp' };
    if (typeof fault === 'number') {
      // Refused: what it would have done is not done. The shape of the answer comes from a dry run.
      const before = [...this.#producers].map(
        ([id, producer]) => [id, { ...producer, open: producer.open && new Set(producer.open) }] as const,
      );
      const endedBefore = this.ended.length;
      const make = carryOut();
      this.ended.length = endedBefore;
      this.#producers.clear();
      for (const [id, producer] of before) this.#producers.set(id, producer);
      return { kind: 'answer', body: make(fault) };
    }
    const make = carryOut();
    return fault === 'hangUpAfter' ? { kind: 'hangUp' } : { kind: 'answer', body: make() };
  }
}
