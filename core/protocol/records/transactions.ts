/** Records of `__transaction_state`. */
import type { Draft, Message } from '../schema.ts';

export const transactionLogKey = {
  key: 0,
  name: 'TransactionLogKey',
  versions: '0',
  flexible: 'none',
  fields: {
    transactionalId: 'string',
  },
} as const;
export type TransactionLogKey = Message<typeof transactionLogKey>;
export type TransactionLogKeyDraft = Draft<typeof transactionLogKey>;

export const transactionLogValue = {
  key: 0,
  name: 'TransactionLogValue',
  versions: '0-1',
  flexible: '1+',
  fields: {
    producerId: 'int64',
    previousProducerId: { type: 'int64', in: '1+', tag: 0, default: -1 },
    nextProducerId: { type: 'int64', in: '1+', tag: 1, default: -1 },
    producerEpoch: 'int16',
    nextProducerEpoch: { type: 'int16', in: '1+', tag: 3, default: -1 },
    transactionTimeoutMs: 'int32',
    transactionStatus: 'int8',
    transactionPartitions: {
      each: {
        topic: 'string',
        partitionIds: { each: 'int32' },
      },
      nullable: '0+',
    },
    transactionLastUpdateTimestampMs: 'int64',
    transactionStartTimestampMs: 'int64',
    clientTransactionVersion: { type: 'int16', in: '1+', tag: 2 },
  },
} as const;
export type TransactionLogValue = Message<typeof transactionLogValue>;
export type TransactionLogValueDraft = Draft<typeof transactionLogValue>;
