import type { GroupCoordinator } from '../../groups/index.ts';
import type { ServedApi } from '../dispatch.ts';
import type { FetchSessions } from '../fetch-sessions.ts';
import type { AnyHandler } from '../handler.ts';
import type { ProducerIds } from '../producer-ids.ts';
import type { BrokerServices } from '../services.ts';
import { produceHandler } from './00-produce.ts';
import { fetchHandler } from './01-fetch.ts';
import { listOffsetsHandler } from './02-list-offsets.ts';
import { metadataHandler } from './03-metadata.ts';
import { offsetCommitHandler } from './08-offset-commit.ts';
import { offsetFetchHandler } from './09-offset-fetch.ts';
import { findCoordinatorHandler, GROUP_KEY_TYPE, groupCoordinatorKind } from './10-find-coordinator.ts';
import { joinGroupHandler } from './11-join-group.ts';
import { heartbeatHandler } from './12-heartbeat.ts';
import { leaveGroupHandler } from './13-leave-group.ts';
import { syncGroupHandler } from './14-sync-group.ts';
import { describeGroupsHandler } from './15-describe-groups.ts';
import { listGroupsHandler } from './16-list-groups.ts';
import { apiVersionsHandler, type SupportedFeature } from './18-api-versions.ts';
import { createTopicsHandler } from './19-create-topics.ts';
import { deleteTopicsHandler } from './20-delete-topics.ts';
import { deleteRecordsHandler } from './21-delete-records.ts';
import { initProducerIdHandler } from './22-init-producer-id.ts';
import { offsetForLeaderEpochHandler } from './23-offset-for-leader-epoch.ts';
import { describeConfigsHandler } from './32-describe-configs.ts';
import { alterConfigsHandler } from './33-alter-configs.ts';
import { describeLogDirsHandler } from './35-describe-log-dirs.ts';
import { createPartitionsHandler } from './37-create-partitions.ts';
import { deleteGroupsHandler } from './42-delete-groups.ts';
import { electLeadersHandler } from './43-elect-leaders.ts';
import { incrementalAlterConfigsHandler } from './44-incremental-alter-configs.ts';
import { alterPartitionReassignmentsHandler } from './45-alter-partition-reassignments.ts';
import { listPartitionReassignmentsHandler } from './46-list-partition-reassignments.ts';
import { offsetDeleteHandler } from './47-offset-delete.ts';
import { describeQuorumHandler } from './55-describe-quorum.ts';
import { updateFeaturesHandler } from './57-update-features.ts';
import { describeClusterHandler } from './60-describe-cluster.ts';
import { describeProducersHandler } from './61-describe-producers.ts';
import { unregisterBrokerHandler } from './64-unregister-broker.ts';
import { listConfigResourcesHandler } from './74-list-config-resources.ts';
import { describeTopicPartitionsHandler } from './75-describe-topic-partitions.ts';
import { addRaftVoterHandler } from './80-add-raft-voter.ts';
import { removeRaftVoterHandler } from './81-remove-raft-voter.ts';

/** What some handlers need beside the broker's services. */
export interface HandlerParts {
  readonly fetchSessions: FetchSessions;
  readonly producerIds: ProducerIds;
  readonly groups: GroupCoordinator;
  readonly supportedFeatures: readonly SupportedFeature[];
  /** What the listener serves, once that is known: ApiVersions tells it. */
  readonly served: () => Iterable<ServedApi>;
}

/** Every API that a broker's listener serves, by number. What is not here is not advertised. */
export function brokerHandlers(services: BrokerServices, parts: HandlerParts): readonly AnyHandler[] {
  return [
    produceHandler(services),
    fetchHandler(services, parts.fetchSessions),
    listOffsetsHandler(services),
    metadataHandler(services),
    offsetCommitHandler(services, parts.groups),
    offsetFetchHandler(services, parts.groups),
    findCoordinatorHandler(services, new Map([[GROUP_KEY_TYPE, groupCoordinatorKind(parts.groups)]])),
    joinGroupHandler(parts.groups),
    heartbeatHandler(parts.groups),
    leaveGroupHandler(parts.groups),
    syncGroupHandler(parts.groups),
    describeGroupsHandler(parts.groups),
    listGroupsHandler(parts.groups),
    apiVersionsHandler(services, parts.served, parts.supportedFeatures),
    createTopicsHandler(services),
    deleteTopicsHandler(services),
    deleteRecordsHandler(services),
    initProducerIdHandler(parts.producerIds),
    offsetForLeaderEpochHandler(services),
    describeConfigsHandler(services),
    alterConfigsHandler(services),
    describeLogDirsHandler(services),
    createPartitionsHandler(services),
    deleteGroupsHandler(parts.groups),
    electLeadersHandler(services),
    incrementalAlterConfigsHandler(services),
    alterPartitionReassignmentsHandler(services),
    listPartitionReassignmentsHandler(services),
    offsetDeleteHandler(services, parts.groups),
    describeQuorumHandler(services),
    updateFeaturesHandler(services),
    describeClusterHandler(services),
    describeProducersHandler(services),
    unregisterBrokerHandler(services),
    listConfigResourcesHandler(services),
    describeTopicPartitionsHandler(services),
    addRaftVoterHandler(services),
    removeRaftVoterHandler(services),
  ];
}
