import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  DecodeError,
  decodeVersioned,
  encodeVersioned,
} from '../../../protocol/index.ts';
import { groupByTopic, type TopicPartition } from '../../by-leader.ts';
import { ClientError } from '../../client-error.ts';
import type { GroupMemberSubscription } from './assignors.ts';

/** The embedded consumer protocol, as Java 3.5 and later write it: with owned partitions, generation and rack. */
const SUBSCRIPTION_VERSION = 3;
const ASSIGNMENT_VERSION = 3;

export function encodeSubscription(subscription: {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  readonly generation: number;
  readonly rackId: string | null;
}): Uint8Array {
  return encodeVersioned(consumerProtocolSubscription, SUBSCRIPTION_VERSION, {
    topics: [...subscription.topics].sort(),
    ownedPartitions: toTopics(subscription.owned),
    generationId: subscription.generation,
    rackId: subscription.rackId,
  });
}

/** @throws ClientError 'malformed' when another member joined with bytes that are no subscription. */
export function decodeSubscription(
  memberId: string,
  instanceId: string | null,
  metadata: Uint8Array,
): GroupMemberSubscription {
  const { message } = readable(`the subscription of member ${memberId}`, () =>
    decodeVersioned(consumerProtocolSubscription, metadata),
  );
  return {
    memberId,
    instanceId,
    topics: message.topics,
    owned: fromTopics(message.ownedPartitions),
    generation: message.generationId,
  };
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  return encodeVersioned(consumerProtocolAssignment, ASSIGNMENT_VERSION, { assignedPartitions: toTopics(partitions) });
}

/** No bytes at all mean no partitions: what a member gets that the leader left out. @throws ClientError 'malformed'. */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length === 0) return [];
  const { message } = readable('the assignment', () => decodeVersioned(consumerProtocolAssignment, bytes));
  return fromTopics(message.assignedPartitions);
}

function toTopics(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return [...groupByTopic(partitions)].map(([topic, own]) => ({ topic, partitions: own.map((one) => one.partition) }));
}

function fromTopics(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })));
}

function readable<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) throw new ClientError('malformed', `${what} cannot be read: ${error.message}`);
    throw error;
  }
}
