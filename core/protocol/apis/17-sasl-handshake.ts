import type { Draft, Message } from '../schema.ts';

export const saslHandshake = {
  key: 17,
  name: 'SaslHandshake',
  listeners: ['broker', 'controller'],
  request: {
    name: 'SaslHandshakeRequest',
    versions: '0-1',
    flexible: 'none',
    fields: {
      mechanism: 'string',
    },
  },
  response: {
    name: 'SaslHandshakeResponse',
    versions: '0-1',
    flexible: 'none',
    fields: {
      errorCode: 'int16',
      mechanisms: { each: 'string' },
    },
  },
} as const;

export type SaslHandshakeRequest = Message<typeof saslHandshake.request>;
export type SaslHandshakeRequestDraft = Draft<typeof saslHandshake.request>;
export type SaslHandshakeResponse = Message<typeof saslHandshake.response>;
export type SaslHandshakeResponseDraft = Draft<typeof saslHandshake.response>;
