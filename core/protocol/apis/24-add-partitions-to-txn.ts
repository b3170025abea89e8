import type { Draft, Message } from '../schema.ts';

const addPartitionsToTxnTopic = {
  name: 'string',
  partitions: { each: 'int32' },
} as const;

const addPartitionsToTxnPartitionResult = {
  partitionIndex: 'int32',
  partitionErrorCode: 'int16',
} as const;

const addPartitionsToTxnTopicResult = {
  name: 'string',
  resultsByPartition: { each: addPartitionsToTxnPartitionResult as typeof addPartitionsToTxnPartitionResult },
} as const;

export const addPartitionsToTxn = {
  key: 24,
  name: 'AddPartitionsToTxn',
  listeners: ['broker'],
  request: {
    name: 'AddPartitionsToTxnRequest',
    versions: '0-5',
    flexible: '3+',
    fields: {
      transactions: {
        each: {
          transactionalId: { type: 'string', in: '4+' },
          producerId: { type: 'int64', in: '4+' },
          producerEpoch: { type: 'int16', in: '4+' },
          verifyOnly: { type: 'bool', in: '4+' },
          topics: { each: addPartitionsToTxnTopic as typeof addPartitionsToTxnTopic, in: '4+' },
        },
        in: '4+',
      },
      v3AndBelowTransactionalId: { type: 'string', in: '0-3' },
      v3AndBelowProducerId: { type: 'int64', in: '0-3' },
      v3AndBelowProducerEpoch: { type: 'int16', in: '0-3' },
      v3AndBelowTopics: { each: addPartitionsToTxnTopic as typeof addPartitionsToTxnTopic, in: '0-3' },
    },
  },
  response: {
    name: 'AddPartitionsToTxnResponse',
    versions: '0-5',
    flexible: '3+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: { type: 'int16', in: '4+', ignorable: true },
      resultsByTransaction: {
        each: {
          transactionalId: { type: 'string', in: '4+' },
          topicResults: { each: addPartitionsToTxnTopicResult as typeof addPartitionsToTxnTopicResult, in: '4+' },
        },
        in: '4+',
      },
      resultsByTopicV3AndBelow: {
        each: addPartitionsToTxnTopicResult as typeof addPartitionsToTxnTopicResult,
        in: '0-3',
      },
    },
  },
} as const;

export type AddPartitionsToTxnRequest = Message<typeof addPartitionsToTxn.request>;
export type AddPartitionsToTxnRequestDraft = Draft<typeof addPartitionsToTxn.request>;
export type AddPartitionsToTxnResponse = Message<typeof addPartitionsToTxn.response>;
export type AddPartitionsToTxnResponseDraft = Draft<typeof addPartitionsToTxn.response>;
