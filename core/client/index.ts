/** Producer, Consumer and Admin: they run wherever a Runtime does, against this broker or any other Kafka. */
export { Admin, type AdminOptions, type RequestOptions } from './admin/admin.ts';
export type { ConfigChange, ConfigDescription, ConfigResource } from './admin/configs.ts';
export type { GroupDescription, GroupListing, GroupOffset } from './admin/groups.ts';
export type {
  ClusterDescription,
  LogDirDescription,
  OngoingReassignment,
  QuorumDescription,
} from './admin/replicas.ts';
export type { ItemOutcome } from './admin/requests.ts';
export type { NewTopic, RecordsToDelete, TopicDescription } from './admin/topics.ts';
export type { ChannelSecurity, SecurityFailure } from './authentication.ts';
export type { LeaderAnswer, TopicPartition } from './by-leader.ts';
export { type Channel, type ChannelOptions, openChannel } from './channel.ts';
export { ChannelError } from './channel-error.ts';
export { ClientError, type ClientErrorKind } from './client-error.ts';
export { type ConfigInput, isCommonConfig } from './config.ts';
export { type AssignorName, type ConsumerConfig, readConsumerConfig } from './consumer/config.ts';
export type { ConsumedBatch, OffsetGap } from './consumer/consumed-batch.ts';
export { Consumer, type ConsumerOptions } from './consumer/consumer.ts';
export type { OffsetToCommit } from './consumer/group/commits.ts';
export type { RebalanceListener } from './consumer/group/rebalance-listener.ts';
export type { CommittedOffset } from './consumer/positions.ts';
export {
  EARLIEST_TIMESTAMP,
  type FoundOffset,
  LATEST_TIMESTAMP,
  MAX_TIMESTAMP,
  type OffsetQuery,
} from './offset-lookup.ts';
export { type ProducerConfig, readProducerConfig } from './producer/config.ts';
export { Producer, type ProducerOptions, type RecordToSend } from './producer/producer.ts';
export type { BatchOutcome, SendCallback, SendResult } from './producer/result.ts';
export { ProducerTopic } from './producer/topic.ts';
export type { GroupMetadata } from './producer/transaction-requests.ts';
export type { TransactionStateKind } from './producer/transaction-states.ts';
export { TransactionalProducer } from './producer/transactional-producer.ts';
