import type { Draft, Message } from '../schema.ts';

export const alterUserScramCredentials = {
  key: 51,
  name: 'AlterUserScramCredentials',
  listeners: ['broker', 'controller'],
  request: {
    name: 'AlterUserScramCredentialsRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      deletions: {
        each: {
          name: 'string',
          mechanism: 'int8',
        },
      },
      upsertions: {
        each: {
          name: 'string',
          mechanism: 'int8',
          iterations: 'int32',
          salt: 'bytes',
          saltedPassword: 'bytes',
        },
      },
    },
  },
  response: {
    name: 'AlterUserScramCredentialsResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      throttleTimeMs: 'int32',
      results: {
        each: {
          user: 'string',
          errorCode: 'int16',
          errorMessage: { type: 'string', nullable: '0+' },
        },
      },
    },
  },
} as const;

export type AlterUserScramCredentialsRequest = Message<typeof alterUserScramCredentials.request>;
export type AlterUserScramCredentialsRequestDraft = Draft<typeof alterUserScramCredentials.request>;
export type AlterUserScramCredentialsResponse = Message<typeof alterUserScramCredentials.response>;
export type AlterUserScramCredentialsResponseDraft = Draft<typeof alterUserScramCredentials.response>;
