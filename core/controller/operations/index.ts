import type { AnyOperation } from '../operation.ts';
import { allocateProducerIdsOperation } from './allocate-producer-ids.ts';
import { alterConfigsOperation, incrementalAlterConfigsOperation } from './alter-configs.ts';
import { alterPartitionOperation } from './alter-partition.ts';
import { assignDirectoriesOperation } from './assign-directories.ts';
import { brokerHeartbeatOperation } from './broker-heartbeat.ts';
import { brokerRegistrationOperation, unregisterBrokerOperation } from './broker-registration.ts';
import { controllerRegistrationOperation } from './controller-registration.ts';
import { createPartitionsOperation } from './create-partitions.ts';
import { createTopicsOperation } from './create-topics.ts';
import { deleteTopicsOperation } from './delete-topics.ts';
import { describeQuorumOperation } from './describe-quorum.ts';
import { electLeadersOperation } from './elect-leaders.ts';
import { reassignPartitionsOperation } from './reassign-partitions.ts';
import { updateFeaturesOperation } from './update-features.ts';

/** Everything that only the active controller does, by API key. */
export const operations: readonly AnyOperation[] = [
  createTopicsOperation,
  deleteTopicsOperation,
  alterConfigsOperation,
  createPartitionsOperation,
  electLeadersOperation,
  incrementalAlterConfigsOperation,
  reassignPartitionsOperation,
  describeQuorumOperation,
  alterPartitionOperation,
  updateFeaturesOperation,
  brokerRegistrationOperation,
  brokerHeartbeatOperation,
  unregisterBrokerOperation,
  allocateProducerIdsOperation,
  controllerRegistrationOperation,
  assignDirectoriesOperation,
];

export const operationByKey: ReadonlyMap<number, AnyOperation> = new Map(
  operations.map((operation) => [operation.api.key, operation]),
);
