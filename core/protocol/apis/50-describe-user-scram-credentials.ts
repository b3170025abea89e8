import type { Draft, Message } from '../schema.ts';

export const describeUserScramCredentials = {
  key: 50,
  name: 'DescribeUserScramCredentials',
  listeners: ['broker', 'controller'],
  request: {
    name: 'DescribeUserScramCredentialsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      users: {
        each: {
          name: 'string',
        },
        nullable: '0+',
      },
    },
  },
  response: {
    name: 'DescribeUserScramCredentialsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      results: {
        each: {
          user: 'string',
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
          credentialInfos: {
            each: {
              mechanism: 'int8',
              iterations: 'int32',
            },
          },
        },
      },
    },
  },
} as const;

export type DescribeUserScramCredentialsRequest = Message<typeof describeUserScramCredentials.request>;
export type DescribeUserScramCredentialsRequestDraft = Draft<typeof describeUserScramCredentials.request>;
export type DescribeUserScramCredentialsResponse = Message<typeof describeUserScramCredentials.response>;
export type DescribeUserScramCredentialsResponseDraft = Draft<typeof describeUserScramCredentials.response>;
