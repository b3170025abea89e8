import type { Draft, Message } from '../schema.ts';

export const expireDelegationToken = {
  key: 40,
  name: 'ExpireDelegationToken',
  listeners: ['broker', 'controller'],
  request: {
    name: 'ExpireDelegationTokenRequest',
    versions: '1-2',
    flexible: '2+',
    fields: {
      hmac: 'bytes',
      expiryTimePeriodMs: 'int64',
    },
  },
  response: {
    name: 'ExpireDelegationTokenResponse',
    versions: '1-2',
    flexible: '2+',
    fields: {
      errorCode: 'int16',
      expiryTimestampMs: 'int64',
      throttleTimeMs: 'int32',
    },
  },
} as const;

export type ExpireDelegationTokenRequest = Message<typeof expireDelegationToken.request>;
export type ExpireDelegationTokenRequestDraft = Draft<typeof expireDelegationToken.request>;
export type ExpireDelegationTokenResponse = Message<typeof expireDelegationToken.response>;
export type ExpireDelegationTokenResponseDraft = Draft<typeof expireDelegationToken.response>;
