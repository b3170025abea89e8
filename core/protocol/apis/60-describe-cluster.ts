import type { Draft, Message } from '../schema.ts';

export const describeCluster = {
  key: 60,
  name: 'DescribeCluster',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeClusterRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      includeClusterAuthorizedOperations: 'bool',
      endpointType: { type: 'int8', in: '1+', default: 1 },
      includeFencedBrokers: { type: 'bool', in: '2+' },
    },
  },
  response: {
    name: 'DescribeClusterResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+', default: null },
      endpointType: { type: 'int8', in: '1+', default: 1 },
      clusterId: 'string',
      controllerId: { type: 'int32', default: -1 },
      brokers: {
        each: {
          brokerId: 'int32',
          host: 'string',
          port: 'int32',
          rack: { type: 'string', nullable: '0+', default: null },
          isFenced: { type: 'bool', in: '2+' },
        },
      },
      clusterAuthorizedOperations: { type: 'int32', default: -2147483648 },
    },
  },
} as const;

export type DescribeClusterRequest = Message<typeof describeCluster.request>;
export type DescribeClusterRequestDraft = Draft<typeof describeCluster.request>;
export type DescribeClusterResponse = Message<typeof describeCluster.response>;
export type DescribeClusterResponseDraft = Draft<typeof describeCluster.response>;
