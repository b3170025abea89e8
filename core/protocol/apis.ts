import { produce } from './apis/00-produce.ts';
import { fetch } from './apis/01-fetch.ts';
import { listOffsets } from './apis/02-list-offsets.ts';
import { metadata } from './apis/03-metadata.ts';
import { offsetCommit } from './apis/08-offset-commit.ts';
import { offsetFetch } from './apis/09-offset-fetch.ts';
import { findCoordinator } from './apis/10-find-coordinator.ts';
import { joinGroup } from './apis/11-join-group.ts';
import { heartbeat } from './apis/12-heartbeat.ts';
import { leaveGroup } from './apis/13-leave-group.ts';
import { syncGroup } from './apis/14-sync-group.ts';
import { describeGroups } from './apis/15-describe-groups.ts';
import { listGroups } from './apis/16-list-groups.ts';
import { saslHandshake } from './apis/17-sasl-handshake.ts';
import { apiVersions } from './apis/18-api-versions.ts';
import { createTopics } from './apis/19-create-topics.ts';
import { deleteTopics } from './apis/20-delete-topics.ts';
import { deleteRecords } from './apis/21-delete-records.ts';
import { initProducerId } from './apis/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from './apis/23-offset-for-leader-epoch.ts';
import { addPartitionsToTxn } from './apis/24-add-partitions-to-txn.ts';
import { addOffsetsToTxn } from './apis/25-add-offsets-to-txn.ts';
import { endTxn } from './apis/26-end-txn.ts';
import { writeTxnMarkers } from './apis/27-write-txn-markers.ts';
import { txnOffsetCommit } from './apis/28-txn-offset-commit.ts';
import { describeAcls } from './apis/29-describe-acls.ts';
import { createAcls } from './apis/30-create-acls.ts';
import { deleteAcls } from './apis/31-delete-acls.ts';
import { describeConfigs } from './apis/32-describe-configs.ts';
import { alterConfigs } from './apis/33-alter-configs.ts';
import { alterReplicaLogDirs } from './apis/34-alter-replica-log-dirs.ts';
import { describeLogDirs } from './apis/35-describe-log-dirs.ts';
import { saslAuthenticate } from './apis/36-sasl-authenticate.ts';
import { createPartitions } from './apis/37-create-partitions.ts';
import { createDelegationToken } from './apis/38-create-delegation-token.ts';
import { renewDelegationToken } from './apis/39-renew-delegation-token.ts';
import { expireDelegationToken } from './apis/40-expire-delegation-token.ts';
import { describeDelegationToken } from './apis/41-describe-delegation-token.ts';
import { deleteGroups } from './apis/42-delete-groups.ts';
import { electLeaders } from './apis/43-elect-leaders.ts';
import { incrementalAlterConfigs } from './apis/44-incremental-alter-configs.ts';
import { alterPartitionReassignments } from './apis/45-alter-partition-reassignments.ts';
import { listPartitionReassignments } from './apis/46-list-partition-reassignments.ts';
import { offsetDelete } from './apis/47-offset-delete.ts';
import { describeClientQuotas } from './apis/48-describe-client-quotas.ts';
import { alterClientQuotas } from './apis/49-alter-client-quotas.ts';
import { describeUserScramCredentials } from './apis/50-describe-user-scram-credentials.ts';
import { alterUserScramCredentials } from './apis/51-alter-user-scram-credentials.ts';
import { vote } from './apis/52-vote.ts';
import { beginQuorumEpoch } from './apis/53-begin-quorum-epoch.ts';
import { endQuorumEpoch } from './apis/54-end-quorum-epoch.ts';
import { describeQuorum } from './apis/55-describe-quorum.ts';
import { alterPartition } from './apis/56-alter-partition.ts';
import { updateFeatures } from './apis/57-update-features.ts';
import { envelope } from './apis/58-envelope.ts';
import { fetchSnapshot } from './apis/59-fetch-snapshot.ts';
import { describeCluster } from './apis/60-describe-cluster.ts';
import { describeProducers } from './apis/61-describe-producers.ts';
import { brokerRegistration } from './apis/62-broker-registration.ts';
import { brokerHeartbeat } from './apis/63-broker-heartbeat.ts';
import { unregisterBroker } from './apis/64-unregister-broker.ts';
import { describeTransactions } from './apis/65-describe-transactions.ts';
import { listTransactions } from './apis/66-list-transactions.ts';
import { allocateProducerIds } from './apis/67-allocate-producer-ids.ts';
import { consumerGroupHeartbeat } from './apis/68-consumer-group-heartbeat.ts';
import { consumerGroupDescribe } from './apis/69-consumer-group-describe.ts';
import { controllerRegistration } from './apis/70-controller-registration.ts';
import { getTelemetrySubscriptions } from './apis/71-get-telemetry-subscriptions.ts';
import { pushTelemetry } from './apis/72-push-telemetry.ts';
import { assignReplicasToDirs } from './apis/73-assign-replicas-to-dirs.ts';
import { listConfigResources } from './apis/74-list-config-resources.ts';
import { describeTopicPartitions } from './apis/75-describe-topic-partitions.ts';
import { shareGroupHeartbeat } from './apis/76-share-group-heartbeat.ts';
import { shareGroupDescribe } from './apis/77-share-group-describe.ts';
import { shareFetch } from './apis/78-share-fetch.ts';
import { shareAcknowledge } from './apis/79-share-acknowledge.ts';
import { addRaftVoter } from './apis/80-add-raft-voter.ts';
import { removeRaftVoter } from './apis/81-remove-raft-voter.ts';
import { updateRaftVoter } from './apis/82-update-raft-voter.ts';
import { initializeShareGroupState } from './apis/83-initialize-share-group-state.ts';
import { readShareGroupState } from './apis/84-read-share-group-state.ts';
import { writeShareGroupState } from './apis/85-write-share-group-state.ts';
import { deleteShareGroupState } from './apis/86-delete-share-group-state.ts';
import { readShareGroupStateSummary } from './apis/87-read-share-group-state-summary.ts';
import { streamsGroupHeartbeat } from './apis/88-streams-group-heartbeat.ts';
import { streamsGroupDescribe } from './apis/89-streams-group-describe.ts';
import { describeShareGroupOffsets } from './apis/90-describe-share-group-offsets.ts';
import { alterShareGroupOffsets } from './apis/91-alter-share-group-offsets.ts';
import { deleteShareGroupOffsets } from './apis/92-delete-share-group-offsets.ts';
import type { ApiSchema } from './schema.ts';

/** Every API of Kafka 4.3 that has a version, by key. */
export const apis: readonly ApiSchema[] = [
  produce,
  fetch,
  listOffsets,
  metadata,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  saslHandshake,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  addPartitionsToTxn,
  addOffsetsToTxn,
  endTxn,
  writeTxnMarkers,
  txnOffsetCommit,
  describeAcls,
  createAcls,
  deleteAcls,
  describeConfigs,
  alterConfigs,
  alterReplicaLogDirs,
  describeLogDirs,
  saslAuthenticate,
  createPartitions,
  createDelegationToken,
  renewDelegationToken,
  expireDelegationToken,
  describeDelegationToken,
  deleteGroups,
  electLeaders,
  incrementalAlterConfigs,
  alterPartitionReassignments,
  listPartitionReassignments,
  offsetDelete,
  describeClientQuotas,
  alterClientQuotas,
  describeUserScramCredentials,
  alterUserScramCredentials,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  describeQuorum,
  alterPartition,
  updateFeatures,
  envelope,
  fetchSnapshot,
  describeCluster,
  describeProducers,
  brokerRegistration,
  brokerHeartbeat,
  unregisterBroker,
  describeTransactions,
  listTransactions,
  allocateProducerIds,
  consumerGroupHeartbeat,
  consumerGroupDescribe,
  controllerRegistration,
  getTelemetrySubscriptions,
  pushTelemetry,
  assignReplicasToDirs,
  listConfigResources,
  describeTopicPartitions,
  shareGroupHeartbeat,
  shareGroupDescribe,
  shareFetch,
  shareAcknowledge,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
  initializeShareGroupState,
  readShareGroupState,
  writeShareGroupState,
  deleteShareGroupState,
  readShareGroupStateSummary,
  streamsGroupHeartbeat,
  streamsGroupDescribe,
  describeShareGroupOffsets,
  alterShareGroupOffsets,
  deleteShareGroupOffsets,
];

export const apiByKey: ReadonlyMap<number, ApiSchema> = new Map(apis.map((api) => [api.key, api]));
