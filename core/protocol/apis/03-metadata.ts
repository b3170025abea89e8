import type { Draft, Message } from '../schema.ts';

export const metadata = {
  key: 3,
  name: 'Metadata',
  listeners: ['broker'],
  request: {
    name: 'MetadataRequest',
    versions: '0-13',
    flexible: '9+',
    fields: {
      topics: {
        each: {
          topicId: { type: 'uuid', in: '10+', ignorable: true },
          name: { type: 'string', nullable: '10+' },
        },
        nullable: '1+',
      },
      allowAutoTopicCreation: { type: 'bool', in: '4+', default: true },
      includeClusterAuthorizedOperations: { type: 'bool', in: '8-10' },
      includeTopicAuthorizedOperations: { type: 'bool', in: '8+' },
    },
  },
  response: {
    name: 'MetadataResponse',
    versions: '0-13',
    flexible: '9+',
    fields: {
      throttleTimeMs: { type: 'int32', in: '3+', ignorable: true },
      brokers: {
        each: {
          nodeId: 'int32',
          host: 'string',
          port: 'int32',
          rack: { type: 'string', in: '1+', nullable: '1+', default: null, ignorable: true },
        },
      },
      clusterId: { type: 'string', in: '2+', nullable: '2+', default: null, ignorable: true },
      controllerId: { type: 'int32', in: '1+', default: -1, ignorable: true },
      topics: {
        each: {
          errorCode: 'int16',
          name: { type: 'string', nullable: '12+' },
          topicId: { type: 'uuid', in: '10+', ignorable: true },
          isInternal: { type: 'bool', in: '1+', ignorable: true },
          partitions: {
            each: {
              errorCode: 'int16',
              partitionIndex: 'int32',
              leaderId: 'int32',
              leaderEpoch: { type: 'int32', in: '7+', default: -1, ignorable: true },
              replicaNodes: { each: 'int32' },
              isrNodes: { each: 'int32' },
              offlineReplicas: { each: 'int32', in: '5+', ignorable: true },
            },
          },
          topicAuthorizedOperations: { type: 'int32', in: '8+', default: -2147483648 },
        },
      },
      clusterAuthorizedOperations: { type: 'int32', in: '8-10', default: -2147483648 },
      errorCode: { type: 'int16', in: '13+', ignorable: true },
    },
  },
} as const;

export type MetadataRequest = Message<typeof metadata.request>;
export type MetadataRequestDraft = Draft<typeof metadata.request>;
export type MetadataResponse = Message<typeof metadata.response>;
export type MetadataResponseDraft = Draft<typeof metadata.response>;
