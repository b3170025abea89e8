import type { Draft, Message } from '../schema.ts';

export const saslAuthenticate = {
  key: 36,
  name: 'SaslAuthenticate',
  listeners: ['broker', 'controller'],
  request: {
    name: 'SaslAuthenticateRequest',
    versions: '0-2',
    flexible: '2+',
    fields: {
      authBytes: 'bytes',
    },
  },
  response: {
    name: 'SaslAuthenticateResponse',
    versions: '0-2',
    flexible: '2+',
    fields: {
      errorCode: 'int16',
      errorMessage: { type: 'string', nullable: '0+' },
      authBytes: 'bytes',
      sessionLifetimeMs: { type: 'int64', in: '1+', ignorable: true },
    },
  },
} as const;

export type SaslAuthenticateRequest = Message<typeof saslAuthenticate.request>;
export type SaslAuthenticateRequestDraft = Draft<typeof saslAuthenticate.request>;
export type SaslAuthenticateResponse = Message<typeof saslAuthenticate.response>;
export type SaslAuthenticateResponseDraft = Draft<typeof saslAuthenticate.response>;
