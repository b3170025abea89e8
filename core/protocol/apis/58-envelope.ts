import type { Draft, Message } from '../schema.ts';

export const envelope = {
  key: 58,
  name: 'Envelope',
  listeners: ['controller'],
  request: {
    name: 'EnvelopeRequest',
    versions: '0',
    flexible: '0+',
    fields: {
      requestData: 'bytes',
      requestPrincipal: { type: 'bytes', nullable: '0+' },
      clientHostAddress: 'bytes',
    },
  },
  response: {
    name: 'EnvelopeResponse',
    versions: '0',
    flexible: '0+',
    fields: {
      responseData: { type: 'bytes', nullable: '0+', default: null },
      errorCode: 'int16',
    },
  },
} as const;

export type EnvelopeRequest = Message<typeof envelope.request>;
export type EnvelopeRequestDraft = Draft<typeof envelope.request>;
export type EnvelopeResponse = Message<typeof envelope.response>;
export type EnvelopeResponseDraft = Draft<typeof envelope.response>;
