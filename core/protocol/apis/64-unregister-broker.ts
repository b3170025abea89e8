import type { Draft, Message } from '../schema.ts';

export const unregisterBroker = {
  key: 64,
  name: 'UnregisterBroker',
  listeners: ['broker', 'controller'],
  request: {
    name: 'UnregisterBrokerRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      brokerId: 'int32',
    },
  },
  response: {
    name: 'UnregisterBrokerResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
    },
  },
} as const;

export type UnregisterBrokerRequest = Message<typeof unregisterBroker.request>;
export type UnregisterBrokerRequestDraft = Draft<typeof unregisterBroker.request>;
export type UnregisterBrokerResponse = Message<typeof unregisterBroker.response>;
export type UnregisterBrokerResponseDraft = Draft<typeof unregisterBroker.response>;
