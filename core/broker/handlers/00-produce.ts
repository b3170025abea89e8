import { internalTopics } from '../../controller/topic-name.ts';
import {
  type Draft,
  type ElementOf,
  ErrorCode,
  type ProduceRequest,
  type ProduceResponseDraft,
  produce,
} from '../../protocol/index.ts';
import { stampTimestamps, validateProduceRecords } from '../../records/index.ts';
import { type AppendOutcome, type Partition, type PendingAppend, refusedAppend } from '../../replication/index.ts';
import type { Timer } from '../../runtime.ts';
import { currentLeader, isWrongLeader, leaderEndpoints } from '../current-leader.ts';
import type { DeferredContext, DeferredHandler } from '../handler.ts';
import { recompressBatch } from '../recompress.ts';
import type { BrokerServices } from '../services.ts';

/** The admin client's own name: it alone may write internal topics (AdminUtils.ADMIN_CLIENT_ID). */
const ADMIN_CLIENT_ID = '__admin_client';

/**
 * Produce: one batch per partition goes into the partition's log. Answered after the append (acks=1), when every in-sync
 * replica has it (acks=all), or not at all (acks=0: an error closes the connection).
 *
 * v3 transactional ids · v5 log start offset · v7 zstd · v8 record errors (KIP-467) · v9 flexible · v10 current leader
 * (KIP-951) · v12 transactions without AddPartitionsToTxn (KIP-890) · v13 topic ids.
 */
export function produceHandler(
  services: Pick<BrokerServices, 'runtime' | 'replicas' | 'metadata' | 'config' | 'telemetry'>,
): DeferredHandler<typeof produce> {
  return {
    api: produce,
    handleLater(request, context, respond) {
      new ProduceOperation(services, request, context, respond).start();
    },
  };
}

type TopicData = ElementOf<ProduceRequest['topicData']>;
type PartitionData = ElementOf<TopicData['partitionData']>;
type Services = Parameters<typeof produceHandler>[0];

/** A Produce request under way. */
class ProduceOperation {
  readonly #services: Services;
  readonly #request: ProduceRequest;
  readonly #context: DeferredContext;
  readonly #respond: (response: Draft<typeof produce.response> | null) => void;
  readonly #appends: PartitionAppend[] = [];
  #remaining = 0;
  #timer: Timer | null = null;

  constructor(
    services: Services,
    request: ProduceRequest,
    context: DeferredContext,
    respond: (response: Draft<typeof produce.response> | null) => void,
  ) {
    this.#services = services;
    this.#request = request;
    this.#context = context;
    this.#respond = respond;
  }

  start(): void {
    const { acks, timeoutMs, topicData } = this.#request;
    // One more than there are, so that nothing is answered while batches are still being handed out.
    this.#remaining = 1;
    let mayWait = false;
    for (const topic of topicData) {
      const name = this.#topicName(topic);
      for (const data of topic.partitionData) {
        const partition = name === null ? undefined : this.#services.replicas.partition(name, data.index);
        const append = new PartitionAppend(this, name, data, acks);
        this.#appends.push(append);
        this.#remaining++;
        const refusal = this.#admit(append, name, partition);
        if (refusal !== null) {
          append.settled(refusal);
          continue;
        }
        append.partition = partition!;
        partition!.append(append);
        mayWait ||= waitsForOthers(partition!, acks);
      }
    }
    if (mayWait) {
      this.#timer = this.#services.runtime.timers.after(Math.max(timeoutMs, 0), () => this.#expire());
      this.#context.whenClosed(() => this.#expire());
    }
    this.settled();
  }

  #topicName(topic: TopicData): string | null {
    if (this.#context.version < 13) return topic.name;
    return this.#services.metadata.image.topicsById.get(topic.topicId)?.name ?? null;
  }

  /** Null when the batch may be appended, and then `append` holds it as it shall be stored. */
  #admit(append: PartitionAppend, topic: string | null, partition: Partition | undefined): AppendOutcome | null {
    const { acks } = this.#request;
    if (acks !== 0 && acks !== 1 && acks !== -1) return refusedAppend(ErrorCode.invalidRequiredAcks);
    if (topic === null) return refusedAppend(ErrorCode.unknownTopicId);
    if (internalTopics.has(topic) && this.#context.clientId !== ADMIN_CLIENT_ID) {
      return refusedAppend(ErrorCode.invalidTopicException, `clients do not write the internal topic ${topic}`);
    }
    if (partition === undefined) {
      const exists = this.#services.metadata.image.topicsByName.get(topic)?.partitions[append.index] !== undefined;
      return refusedAppend(exists ? ErrorCode.notLeaderOrFollower : ErrorCode.unknownTopicOrPartition);
    }
    const { codecs, clock } = this.#services.runtime;
    const rules = partition.settings.validation;
    const nowMs = clock.wallMs();
    const batch = validateProduceRecords(append.records, this.#context.version, rules, nowMs, codecs);
    if (batch.kind === 'error') {
      append.badRecords = batch.badRecords;
      const refusal = refusedAppend(batch.code, batch.message);
      // Bad records do not hide where the log starts, a bad batch does.
      return batch.badRecords.length === 0
        ? refusal
        : { ...refusal, logStartOffset: partition.log?.logStartOffset ?? -1 };
    }
    if (batch.transactional && this.#request.transactionalId === null) {
      return refusedAppend(ErrorCode.transactionalIdAuthorizationFailed);
    }
    this.#services.telemetry?.produced(batch.recordCount, append.bytes.length);
    const { compressionType, compressionLevel } = partition.settings;
    if (compressionType !== 'producer' && compressionType !== batch.compression) {
      append.bytes = recompressBatch(append.bytes, batch, compressionType, compressionLevel, codecs);
      if (batch.timestampType === 'LogAppendTime') append.logAppendTimeMs = nowMs;
    } else if (batch.timestampType === 'LogAppendTime') {
      append.logAppendTimeMs = nowMs;
    } else if (batch.rewriteTimestamps) {
      // A copy: the bytes may be shared with the connection's buffer and, in one process, with the client's.
      append.bytes = append.bytes.slice();
      stampTimestamps(append.bytes, batch, codecs);
    }
    return null;
  }

  /** One of the partitions is done. */
  settled(): void {
    if (--this.#remaining > 0) return;
    this.#timer?.cancel();
    if (this.#request.acks === 0) {
      const failed = this.#appends.find((append) => append.outcome!.errorCode !== ErrorCode.none);
      if (failed !== undefined) {
        this.#context.disconnect(`Produce with acks=0 was refused with error ${failed.outcome!.errorCode}`);
      }
      this.#respond(null);
    } else {
      this.#respond(this.#response());
    }
  }

  /** Time is up, or the client is gone: what is written stays, what is not need not be. */
  #expire(): void {
    this.#timer?.cancel();
    this.#timer = null;
    for (const append of this.#appends) {
      if (append.outcome !== null) continue;
      append.abandoned = true;
      append.partition?.forget(append);
      append.settle(refusedAppend(ErrorCode.requestTimedOut));
    }
  }

  #response(): ProduceResponseDraft {
    const { version } = this.#context;
    const { image } = this.#services.metadata;
    const leaders: number[] = [];
    let at = 0;
    const responses = this.#request.topicData.map((topic) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitionResponses: topic.partitionData.map((data) => {
        const append = this.#appends[at++]!;
        const outcome = append.outcome!;
        const draft = {
          index: data.index,
          errorCode: outcome.errorCode,
          baseOffset: outcome.baseOffset,
          logAppendTimeMs: outcome.logAppendTimeMs,
          logStartOffset: outcome.logStartOffset,
        };
        if (outcome.errorCode === ErrorCode.none) return draft;
        const wrongLeader = version >= 10 && append.topic !== null && isWrongLeader(outcome.errorCode);
        const leader = wrongLeader ? currentLeader(image, append.topic, data.index) : null;
        if (leader !== null) leaders.push(leader.leaderId);
        return {
          ...draft,
          errorMessage: outcome.message,
          recordErrors: append.badRecords.map(({ index, message }) => ({
            batchIndex: index,
            batchIndexErrorMessage: message,
          })),
          ...(leader === null ? undefined : { currentLeader: leader }),
        };
      }),
    }));
    if (leaders.length === 0) return { responses };
    return {
      responses,
      nodeEndpoints: leaderEndpoints(image, leaders, this.#services.config.interBrokerListenerName),
    };
  }
}

/** Whether an append may have to wait beyond this turn: then, and only then, it needs a timer. */
function waitsForOthers(partition: Partition, acks: number): boolean {
  if (partition.state.kind === 'opening') return true;
  if (acks === 0) return false;
  if (partition.settings.log.flushMessages < Number.POSITIVE_INFINITY) return true;
  return acks === -1 && partition.leader !== null && partition.leader.followers.size > 0;
}

const NO_RECORDS = new Uint8Array(0);
const NO_BAD_RECORDS: readonly { readonly index: number; readonly message: string }[] = [];

/** One partition of a Produce request. */
class PartitionAppend implements PendingAppend {
  readonly topic: string | null;
  readonly index: number;
  readonly records: Uint8Array | null;
  readonly acks: number;
  readonly origin = 'client';
  readonly crcChecked = true;
  bytes: Uint8Array;
  logAppendTimeMs?: number;
  badRecords: readonly { readonly index: number; readonly message: string }[] = NO_BAD_RECORDS;
  partition: Partition | null = null;
  outcome: AppendOutcome | null = null;
  abandoned = false;
  readonly #operation: ProduceOperation;

  constructor(operation: ProduceOperation, name: string | null, data: PartitionData, acks: number) {
    this.#operation = operation;
    this.topic = name;
    this.index = data.index;
    this.records = data.records;
    this.bytes = data.records ?? NO_RECORDS;
    this.acks = acks;
  }

  settled(outcome: AppendOutcome): void {
    if (!this.abandoned) this.settle(outcome);
  }

  settle(outcome: AppendOutcome): void {
    if (this.outcome !== null) return;
    this.outcome = outcome;
    this.#operation.settled();
  }
}
