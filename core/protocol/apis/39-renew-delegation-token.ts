import type { Draft, Message } from '../schema.ts';

export const renewDelegationToken = {
  key: 39,
  name: 'RenewDelegationToken',
  listeners: ['broker', 'controller'],
  request: {
    name: 'RenewDelegationTokenRequest',
    versions: '1-2',
    flexible: '2+',
    fields: {
      hmac: 'bytes',
      renewPeriodMs: 'int64',
    },
  },
  response: {
    name: 'RenewDelegationTokenResponse',
    versions: '1-2',
    flexible: '2+',
    fields: {
      errorCode: 'int16',
      expiryTimestampMs: 'int64',
      throttleTimeMs: 'int32',
    },
  },
} as const;

export type RenewDelegationTokenRequest = Message<typeof renewDelegationToken.request>;
export type RenewDelegationTokenRequestDraft = Draft<typeof renewDelegationToken.request>;
export type RenewDelegationTokenResponse = Message<typeof renewDelegationToken.response>;
export type RenewDelegationTokenResponseDraft = Draft<typeof renewDelegationToken.response>;
