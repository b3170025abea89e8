import type { Draft, Message } from '../schema.ts';

export const describeDelegationToken = {
  key: 41,
  name: 'DescribeDelegationToken',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeDelegationTokenRequest',
    versions: '1-3',
    flexible: '2+',
    fields: {
      owners: {
        each: {
          principalType: 'string',
          principalName: 'string',
        },
        nullable: '0+',
      },
    },
  },
  response: {
    name: 'DescribeDelegationTokenResponse',
    versions: '1-3',
    flexible: '2+',
    fields: {
      errorCode: 'int16',
      tokens: {
        each: {
          principalType: 'string',
          principalName: 'string',
          tokenRequesterPrincipalType: { type: 'string', in: '3+' },
          tokenRequesterPrincipalName: { type: 'string', in: '3+' },
          issueTimestamp: 'int64',
          expiryTimestamp: 'int64',
          maxTimestamp: 'int64',
          tokenId: 'string',
          hmac: 'bytes',
          renewers: {
            each: {
              principalType: 'string',
              principalName: 'string',
            },
          },
        },
      },
      throttleTimeMs: 'int32',
    },
  },
} as const;

export type DescribeDelegationTokenRequest = Message<typeof describeDelegationToken.request>;
export type DescribeDelegationTokenRequestDraft = Draft<typeof describeDelegationToken.request>;
export type DescribeDelegationTokenResponse = Message<typeof describeDelegationToken.response>;
export type DescribeDelegationTokenResponseDraft = Draft<typeof describeDelegationToken.response>;
