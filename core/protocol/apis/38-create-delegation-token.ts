import type { Draft, Message } from '../schema.ts';

export const createDelegationToken = {
  key: 38,
  name: 'CreateDelegationToken',
  listeners: ['broker', 'controller'],
  request: {
    name: 'CreateDelegationTokenRequest',
    versions: '1-3',
    flexible: '2+',
    fields: {
      ownerPrincipalType: { type: 'string', in: '3+', nullable: '3+' },
      ownerPrincipalName: { type: 'string', in: '3+', nullable: '3+' },
      renewers: {
        each: {
          principalType: 'string',
          principalName: 'string',
        },
      },
      maxLifetimeMs: 'int64',
    },
  },
  response: {
    name: 'CreateDelegationTokenResponse',
    versions: '1-3',
    flexible: '2+',
    fields: {
      errorCode: 'int16',
      principalType: 'string',
      principalName: 'string',
      tokenRequesterPrincipalType: { type: 'string', in: '3+' },
      tokenRequesterPrincipalName: { type: 'string', in: '3+' },
      issueTimestampMs: 'int64',
      expiryTimestampMs: 'int64',
      maxTimestampMs: 'int64',
      tokenId: 'string',
      hmac: 'bytes',
      throttleTimeMs: 'int32',
    },
  },
} as const;

export type CreateDelegationTokenRequest = Message<typeof createDelegationToken.request>;
export type CreateDelegationTokenRequestDraft = Draft<typeof createDelegationToken.request>;
export type CreateDelegationTokenResponse = Message<typeof createDelegationToken.response>;
export type CreateDelegationTokenResponseDraft = Draft<typeof createDelegationToken.response>;
