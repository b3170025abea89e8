import {
  type ApiSchema,
  addOffsetsToTxn,
  addPartitionsToTxn,
  ErrorCode,
  endTxn,
  errorInfo,
  initProducerId,
  type Message,
  txnOffsetCommit,
} from '../../protocol/index.ts';
import { groupByTopic, type TopicPartition } from '../by-leader.ts';
import { ClientError, clientError } from '../client-error.ts';
import type { DraftFor } from '../cluster.ts';
import { type OffsetToCommit, offsetTopics } from '../consumer/group/commits.ts';
import { type Coordinator, Retry } from '../coordinator.ts';
import type { ProducerIdentity } from './partition-queue.ts';

/** Versions above are for brokers that verify partitions, not for clients (KIP-890). */
const LAST_ADD_PARTITIONS_OF_CLIENTS = 3;
/** The last versions by which a transaction keeps its epoch and partitions are added beforehand (KIP-890). */
const LAST_END_OF_V1 = 4;
const LAST_OFFSET_COMMIT_OF_V1 = 4;
/** The first version that names the id to be continued (KIP-360), and the first that names the group's member (KIP-447). */
const FIRST_CONTINUING = 3;
const FIRST_OF_MEMBERS = 3;
/** The last transaction's markers are on their way, mostly for milliseconds: as long a pause as Kafka's own client makes. */
const CONCURRENT_PAUSE_MS = 20;

/** Who read the offsets that a transaction commits: `Consumer.groupMetadata()`. */
export interface GroupMetadata {
  readonly groupId: string;
  /** -1 and '': whoever is no member. */
  readonly generation: number;
  readonly memberId: string;
  readonly instanceId: string | null;
}

/** A coordinator answers so too when its log's followers did not confirm in time: it may be done. */
const MAYBE_DONE: ReadonlySet<number> = new Set<number>([
  ErrorCode.unknownServerError,
  ErrorCode.coordinatorNotAvailable,
  ErrorCode.notCoordinator,
  ErrorCode.requestTimedOut,
  ErrorCode.networkException,
  ErrorCode.kafkaStorageError,
]);

/** What an error that no retry cures means for the transaction; what stands in neither list is fatal. */
const FENCED: ReadonlySet<number> = new Set<number>([ErrorCode.producerFenced, ErrorCode.invalidProducerEpoch]);
const ABORTABLE: ReadonlySet<number> = new Set<number>([
  ErrorCode.transactionAbortable,
  ErrorCode.topicAuthorizationFailed,
  ErrorCode.groupAuthorizationFailed,
  ErrorCode.operationNotAttempted,
  ErrorCode.fencedInstanceId,
  ErrorCode.illegalGeneration,
  ErrorCode.unknownMemberId,
  ErrorCode.rebalanceInProgress,
  ErrorCode.unknownProducerId,
  ErrorCode.invalidProducerIdMapping,
]);

/** InitProducerId: a new epoch of the transactional id's producer; whoever had it before is fenced. */
export async function askForIdentity(
  coordinator: Coordinator,
  transactionTimeoutMs: number,
  /** Whose epoch is bumped (KIP-360); null for a producer that begins. */
  continued: ProducerIdentity | null,
  timeoutMs: number,
): Promise<ProducerIdentity> {
  const draft = (version: number) => ({
    transactionalId: coordinator.groupId,
    transactionTimeoutMs,
    ...(version >= FIRST_CONTINUING && continued !== null ? continued : {}),
  });
  const codes = ({ errorCode }: { readonly errorCode: number }) => [errorCode];
  const { producerId, producerEpoch } = await ask(coordinator, initProducerId, draft, undefined, timeoutMs, codes);
  return { producerId, producerEpoch };
}

export async function addPartitions(
  coordinator: Coordinator,
  { producerId, producerEpoch }: ProducerIdentity,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<void> {
  const draft = {
    v3AndBelowTransactionalId: coordinator.groupId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [...groupByTopic(partitions)].map(([name, own]) => ({
      name,
      partitions: own.map(({ partition }) => partition),
    })),
  };
  await ask(coordinator, addPartitionsToTxn, draft, LAST_ADD_PARTITIONS_OF_CLIENTS, timeoutMs, (response) =>
    response.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
      resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
    ),
  );
}

/** Adds the partition of `__consumer_offsets` that the group's commits go to. */
export async function addOffsets(
  coordinator: Coordinator,
  identity: ProducerIdentity,
  groupId: string,
  timeoutMs: number,
): Promise<void> {
  const draft = { transactionalId: coordinator.groupId, ...identity, groupId };
  await ask(coordinator, addOffsetsToTxn, draft, undefined, timeoutMs, ({ errorCode }) => [errorCode]);
}

/** `addsPartitions`: by the protocol before KIP-890, by which the group's partition was added beforehand. */
export async function commitOffsetsInTransaction(
  groupCoordinator: Coordinator,
  transactionalId: string,
  identity: ProducerIdentity,
  group: GroupMetadata,
  offsets: readonly OffsetToCommit[],
  addsPartitions: boolean,
  timeoutMs: number,
): Promise<void> {
  const draft = (version: number) => ({
    transactionalId,
    groupId: group.groupId,
    ...identity,
    ...(version >= FIRST_OF_MEMBERS
      ? { generationId: group.generation, memberId: group.memberId, groupInstanceId: group.instanceId }
      : {}),
    topics: offsetTopics(offsets),
  });
  const cap = addsPartitions ? LAST_OFFSET_COMMIT_OF_V1 : undefined;
  await ask(groupCoordinator, txnOffsetCommit, draft, cap, timeoutMs, ({ topics }) =>
    topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
  );
}

/** EndTxn. The identity under which the next transaction goes on: by KIP-890 another one, else the same. */
export async function endTransaction(
  coordinator: Coordinator,
  identity: ProducerIdentity,
  committed: boolean,
  addsPartitions: boolean,
  timeoutMs: number,
): Promise<ProducerIdentity> {
  const draft = { transactionalId: coordinator.groupId, ...identity, committed };
  const cap = addsPartitions ? LAST_END_OF_V1 : undefined;
  const answer = await ask(coordinator, endTxn, draft, cap, timeoutMs, ({ errorCode }) => [errorCode]);
  const { producerId, producerEpoch } = answer;
  return producerId < 0 ? identity : { producerId, producerEpoch };
}

/**
 * One question until it is answered. @throws ClientError 'fenced', 'abortable', 'refused' (fatal), 'timeout'; `definite`:
 * no attempt can have been carried out.
 */
async function ask<A extends ApiSchema>(
  coordinator: Coordinator,
  api: A,
  draft: DraftFor<A>,
  cap: number | undefined,
  timeoutMs: number,
  codesOf: (response: Message<A['response']>) => readonly number[],
): Promise<Message<A['response']>> {
  const what = `${api.name} of ${coordinator.groupId}`;
  let maybeDone = false;
  return coordinator.retry<Message<A['response']>>(timeoutMs, what, async (leftMs) => {
    let response: Message<A['response']>;
    try {
      response = await coordinator.request(api, draft, leftMs, cap === undefined ? {} : { cap });
    } catch (error) {
      if (!clientError(error).definite) maybeDone = true;
      throw error;
    }
    const failures = codesOf(response).filter((code) => code !== ErrorCode.none);
    // Where one partition was refused the others were not attempted, which says nothing of the cause.
    const code = failures.find((one) => one !== ErrorCode.operationNotAttempted) ?? failures[0];
    if (code === undefined) return response;
    const isDefinite = !MAYBE_DONE.has(code);
    if (!isDefinite) maybeDone = true;
    const final = failures.find((one) => one !== ErrorCode.operationNotAttempted && !errorInfo(one).retriable);
    if (final !== undefined) throw transactionFailure(what, final, !maybeDone);
    if (!errorInfo(code).retriable) throw transactionFailure(what, code, !maybeDone);
    return new Retry(
      code,
      isDefinite,
      null,
      code === ErrorCode.concurrentTransactions ? CONCURRENT_PAUSE_MS : undefined,
    );
  });
}

/** An error code that no retry cures, as what it means for the transaction. */
export function transactionFailure(what: string, code: number, definite: boolean): ClientError {
  const kind = FENCED.has(code) ? 'fenced' : ABORTABLE.has(code) ? 'abortable' : 'refused';
  return new ClientError(kind, `${what}: ${errorInfo(code).name}`, code, definite);
}
