import type { Draft, Message } from '../schema.ts';

export const brokerHeartbeat = {
  key: 63,
  name: 'BrokerHeartbeat',
  listeners: ['controller'],
  request: {
    name: 'BrokerHeartbeatRequest',
    versions: '0-2',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
      brokerEpoch: { type: 'int64', default: -1 },
      currentMetadataOffset: 'int64',
      wantFence: 'bool',
      wantShutDown: 'bool',
      offlineLogDirs: { each: 'uuid', in: '1+', tag: 0 },
      cordonedLogDirs: { each: 'uuid', in: '2+', nullable: '2+', tag: 1, default: null },
    },
  },
  response: {
    name: 'BrokerHeartbeatResponse',
    versions: '0-2',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      isCaughtUp: 'bool',
      isFenced: { type: 'bool', default: true },
      shouldShutDown: 'bool',
    },
  },
} as const;

export type BrokerHeartbeatRequest = Message<typeof brokerHeartbeat.request>;
export type BrokerHeartbeatRequestDraft = Draft<typeof brokerHeartbeat.request>;
export type BrokerHeartbeatResponse = Message<typeof brokerHeartbeat.response>;
export type BrokerHeartbeatResponseDraft = Draft<typeof brokerHeartbeat.response>;
