/** Request and response headers. */
import type { Draft, Message } from './schema.ts';

export const requestHeader = {
  name: 'RequestHeader',
  versions: '1-2',
  flexible: '2+',
  fields: {
    requestApiKey: 'int16',
    requestApiVersion: 'int16',
    correlationId: 'int32',
    clientId: { type: 'string', nullable: '1+', flexible: 'none' },
  },
} as const;
export type RequestHeader = Message<typeof requestHeader>;
export type RequestHeaderDraft = Draft<typeof requestHeader>;

export const responseHeader = {
  name: 'ResponseHeader',
  versions: '0-1',
  flexible: '1+',
  fields: {
    correlationId: 'int32',
  },
} as const;
export type ResponseHeader = Message<typeof responseHeader>;
export type ResponseHeaderDraft = Draft<typeof responseHeader>;
