import type { AnyOperation } from '../operation.ts';
import { allocateProducerIdsOperation } from './allocate-producer-ids.ts';
import { alterPartitionOperation } from './alter-partition.ts';
import { brokerHeartbeatOperation } from './broker-heartbeat.ts';
import { brokerRegistrationOperation, unregisterBrokerOperation } from './broker-registration.ts';
import { createTopicsOperation } from './create-topics.ts';
import { deleteTopicsOperation } from './delete-topics.ts';

/** Everything that only the active controller does. */
export const operations: readonly AnyOperation[] = [
  createTopicsOperation,
  deleteTopicsOperation,
  alterPartitionOperation,
  brokerRegistrationOperation,
  brokerHeartbeatOperation,
  unregisterBrokerOperation,
  allocateProducerIdsOperation,
];

export const operationByKey: ReadonlyMap<number, AnyOperation> = new Map(
  operations.map((operation) => [operation.api.key, operation]),
);
