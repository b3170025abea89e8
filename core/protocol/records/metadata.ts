/** Records of the metadata log, `__cluster_metadata`. Framed as unsigned varints: frame version 1, key, version. */
import type { Draft, Message } from '../schema.ts';

export const registerBrokerRecord = {
  key: 0,
  name: 'RegisterBrokerRecord',
  versions: '0-4',
  flexible: '0+',
  fields: {
    brokerId: 'int32',
    isMigratingZkBroker: { type: 'bool', in: '2+' },
    incarnationId: 'uuid',
    brokerEpoch: 'int64',
    endPoints: {
      each: {
        name: 'string',
        host: 'string',
        port: 'uint16',
        securityProtocol: 'int16',
      },
    },
    features: {
      each: {
        name: 'string',
        minSupportedVersion: 'int16',
        maxSupportedVersion: 'int16',
      },
    },
    rack: { type: 'string', nullable: '0+' },
    fenced: { type: 'bool', default: true },
    inControlledShutdown: { type: 'bool', in: '1+' },
    logDirs: { each: 'uuid', in: '3+', tag: 0 },
    cordonedLogDirs: { each: 'uuid', in: '4+', nullable: '4+', tag: 1, default: null },
  },
} as const;
export type RegisterBrokerRecord = Message<typeof registerBrokerRecord>;
export type RegisterBrokerRecordDraft = Draft<typeof registerBrokerRecord>;

export const unregisterBrokerRecord = {
  key: 1,
  name: 'UnregisterBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: 'int32',
    brokerEpoch: 'int64',
  },
} as const;
export type UnregisterBrokerRecord = Message<typeof unregisterBrokerRecord>;
export type UnregisterBrokerRecordDraft = Draft<typeof unregisterBrokerRecord>;

export const topicRecord = {
  key: 2,
  name: 'TopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: 'string',
    topicId: 'uuid',
  },
} as const;
export type TopicRecord = Message<typeof topicRecord>;
export type TopicRecordDraft = Draft<typeof topicRecord>;

export const partitionRecord = {
  key: 3,
  name: 'PartitionRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: { type: 'int32', default: -1 },
    topicId: 'uuid',
    replicas: { each: 'int32' },
    isr: { each: 'int32' },
    removingReplicas: { each: 'int32' },
    addingReplicas: { each: 'int32' },
    leader: { type: 'int32', default: -1 },
    leaderRecoveryState: { type: 'int8', tag: 0 },
    leaderEpoch: { type: 'int32', default: -1 },
    partitionEpoch: { type: 'int32', default: -1 },
    directories: { each: 'uuid', in: '1+' },
    eligibleLeaderReplicas: { each: 'int32', in: '2+', nullable: '2+', tag: 1, default: null },
    lastKnownElr: { each: 'int32', in: '2+', nullable: '2+', tag: 2, default: null },
  },
} as const;
export type PartitionRecord = Message<typeof partitionRecord>;
export type PartitionRecordDraft = Draft<typeof partitionRecord>;

export const configRecord = {
  key: 4,
  name: 'ConfigRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    resourceType: 'int8',
    resourceName: 'string',
    name: 'string',
    value: { type: 'string', nullable: '0+' },
  },
} as const;
export type ConfigRecord = Message<typeof configRecord>;
export type ConfigRecordDraft = Draft<typeof configRecord>;

export const partitionChangeRecord = {
  key: 5,
  name: 'PartitionChangeRecord',
  versions: '0-2',
  flexible: '0+',
  fields: {
    partitionId: { type: 'int32', default: -1 },
    topicId: 'uuid',
    isr: { each: 'int32', nullable: '0+', tag: 0, default: null },
    leader: { type: 'int32', tag: 1, default: -2 },
    replicas: { each: 'int32', nullable: '0+', tag: 2, default: null },
    removingReplicas: { each: 'int32', nullable: '0+', tag: 3, default: null },
    addingReplicas: { each: 'int32', nullable: '0+', tag: 4, default: null },
    leaderRecoveryState: { type: 'int8', tag: 5, default: -1 },
    directories: { each: 'uuid', in: '1+', nullable: '1+', tag: 8, default: null },
    eligibleLeaderReplicas: { each: 'int32', in: '2+', nullable: '2+', tag: 6, default: null },
    lastKnownElr: { each: 'int32', in: '2+', nullable: '2+', tag: 7, default: null },
  },
} as const;
export type PartitionChangeRecord = Message<typeof partitionChangeRecord>;
export type PartitionChangeRecordDraft = Draft<typeof partitionChangeRecord>;

export const fenceBrokerRecord = {
  key: 7,
  name: 'FenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: 'int32',
    epoch: 'int64',
  },
} as const;
export type FenceBrokerRecord = Message<typeof fenceBrokerRecord>;
export type FenceBrokerRecordDraft = Draft<typeof fenceBrokerRecord>;

export const unfenceBrokerRecord = {
  key: 8,
  name: 'UnfenceBrokerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: 'int32',
    epoch: 'int64',
  },
} as const;
export type UnfenceBrokerRecord = Message<typeof unfenceBrokerRecord>;
export type UnfenceBrokerRecordDraft = Draft<typeof unfenceBrokerRecord>;

export const removeTopicRecord = {
  key: 9,
  name: 'RemoveTopicRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicId: 'uuid',
  },
} as const;
export type RemoveTopicRecord = Message<typeof removeTopicRecord>;
export type RemoveTopicRecordDraft = Draft<typeof removeTopicRecord>;

export const delegationTokenRecord = {
  key: 10,
  name: 'DelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    owner: 'string',
    requester: 'string',
    renewers: { each: 'string' },
    issueTimestamp: 'int64',
    maxTimestamp: 'int64',
    expirationTimestamp: 'int64',
    tokenId: 'string',
  },
} as const;
export type DelegationTokenRecord = Message<typeof delegationTokenRecord>;
export type DelegationTokenRecordDraft = Draft<typeof delegationTokenRecord>;

export const userScramCredentialRecord = {
  key: 11,
  name: 'UserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: 'string',
    mechanism: 'int8',
    salt: 'bytes',
    storedKey: 'bytes',
    serverKey: 'bytes',
    iterations: 'int32',
  },
} as const;
export type UserScramCredentialRecord = Message<typeof userScramCredentialRecord>;
export type UserScramCredentialRecordDraft = Draft<typeof userScramCredentialRecord>;

export const featureLevelRecord = {
  key: 12,
  name: 'FeatureLevelRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: 'string',
    featureLevel: 'int16',
  },
} as const;
export type FeatureLevelRecord = Message<typeof featureLevelRecord>;
export type FeatureLevelRecordDraft = Draft<typeof featureLevelRecord>;

export const clientQuotaRecord = {
  key: 14,
  name: 'ClientQuotaRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    entity: {
      each: {
        entityType: 'string',
        entityName: { type: 'string', nullable: '0+' },
      },
    },
    key: 'string',
    value: 'float64',
    remove: 'bool',
  },
} as const;
export type ClientQuotaRecord = Message<typeof clientQuotaRecord>;
export type ClientQuotaRecordDraft = Draft<typeof clientQuotaRecord>;

export const producerIdsRecord = {
  key: 15,
  name: 'ProducerIdsRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    brokerId: 'int32',
    brokerEpoch: { type: 'int64', default: -1 },
    nextProducerId: 'int64',
  },
} as const;
export type ProducerIdsRecord = Message<typeof producerIdsRecord>;
export type ProducerIdsRecordDraft = Draft<typeof producerIdsRecord>;

export const brokerRegistrationChangeRecord = {
  key: 17,
  name: 'BrokerRegistrationChangeRecord',
  versions: '0-3',
  flexible: '0+',
  fields: {
    brokerId: 'int32',
    brokerEpoch: 'int64',
    fenced: { type: 'int8', tag: 0 },
    inControlledShutdown: { type: 'int8', in: '1+', tag: 1 },
    logDirs: { each: 'uuid', in: '2+', tag: 2 },
    cordonedLogDirs: { each: 'uuid', in: '3+', nullable: '3+', tag: 3, default: null },
  },
} as const;
export type BrokerRegistrationChangeRecord = Message<typeof brokerRegistrationChangeRecord>;
export type BrokerRegistrationChangeRecordDraft = Draft<typeof brokerRegistrationChangeRecord>;

export const accessControlEntryRecord = {
  key: 18,
  name: 'AccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: 'uuid',
    resourceType: 'int8',
    resourceName: 'string',
    patternType: 'int8',
    principal: 'string',
    host: 'string',
    operation: 'int8',
    permissionType: 'int8',
  },
} as const;
export type AccessControlEntryRecord = Message<typeof accessControlEntryRecord>;
export type AccessControlEntryRecordDraft = Draft<typeof accessControlEntryRecord>;

export const removeAccessControlEntryRecord = {
  key: 19,
  name: 'RemoveAccessControlEntryRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    id: 'uuid',
  },
} as const;
export type RemoveAccessControlEntryRecord = Message<typeof removeAccessControlEntryRecord>;
export type RemoveAccessControlEntryRecordDraft = Draft<typeof removeAccessControlEntryRecord>;

export const noOpRecord = { key: 20, name: 'NoOpRecord', versions: '0', flexible: '0+', fields: {} } as const;
export type NoOpRecord = Message<typeof noOpRecord>;
export type NoOpRecordDraft = Draft<typeof noOpRecord>;

export const zkMigrationStateRecord = {
  key: 21,
  name: 'ZkMigrationStateRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    zkMigrationState: 'int8',
  },
} as const;
export type ZkMigrationStateRecord = Message<typeof zkMigrationStateRecord>;
export type ZkMigrationStateRecordDraft = Draft<typeof zkMigrationStateRecord>;

export const removeUserScramCredentialRecord = {
  key: 22,
  name: 'RemoveUserScramCredentialRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: 'string',
    mechanism: 'int8',
  },
} as const;
export type RemoveUserScramCredentialRecord = Message<typeof removeUserScramCredentialRecord>;
export type RemoveUserScramCredentialRecordDraft = Draft<typeof removeUserScramCredentialRecord>;

export const beginTransactionRecord = {
  key: 23,
  name: 'BeginTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    name: { type: 'string', nullable: '0+', tag: 0, default: null },
  },
} as const;
export type BeginTransactionRecord = Message<typeof beginTransactionRecord>;
export type BeginTransactionRecordDraft = Draft<typeof beginTransactionRecord>;

export const endTransactionRecord = {
  key: 24,
  name: 'EndTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {},
} as const;
export type EndTransactionRecord = Message<typeof endTransactionRecord>;
export type EndTransactionRecordDraft = Draft<typeof endTransactionRecord>;

export const abortTransactionRecord = {
  key: 25,
  name: 'AbortTransactionRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    reason: { type: 'string', nullable: '0+', tag: 0, default: null },
  },
} as const;
export type AbortTransactionRecord = Message<typeof abortTransactionRecord>;
export type AbortTransactionRecordDraft = Draft<typeof abortTransactionRecord>;

export const removeDelegationTokenRecord = {
  key: 26,
  name: 'RemoveDelegationTokenRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    tokenId: 'string',
  },
} as const;
export type RemoveDelegationTokenRecord = Message<typeof removeDelegationTokenRecord>;
export type RemoveDelegationTokenRecordDraft = Draft<typeof removeDelegationTokenRecord>;

export const registerControllerRecord = {
  key: 27,
  name: 'RegisterControllerRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    controllerId: 'int32',
    incarnationId: 'uuid',
    zkMigrationReady: 'bool',
    endPoints: {
      each: {
        name: 'string',
        host: 'string',
        port: 'uint16',
        securityProtocol: 'int16',
      },
    },
    features: {
      each: {
        name: 'string',
        minSupportedVersion: 'int16',
        maxSupportedVersion: 'int16',
      },
    },
  },
} as const;
export type RegisterControllerRecord = Message<typeof registerControllerRecord>;
export type RegisterControllerRecordDraft = Draft<typeof registerControllerRecord>;

export const clearElrRecord = {
  key: 28,
  name: 'ClearElrRecord',
  versions: '0',
  flexible: '0+',
  fields: {
    topicName: 'string',
  },
} as const;
export type ClearElrRecord = Message<typeof clearElrRecord>;
export type ClearElrRecordDraft = Draft<typeof clearElrRecord>;
