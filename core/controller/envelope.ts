import { concatenate } from '../concatenate.ts';
import {
  type ApiSchema,
  DecodeError,
  type Draft,
  decodeMessage,
  decodeRequestHead,
  decodeResponse,
  defaultPrincipalData,
  type EnvelopeRequest,
  type EnvelopeRequestDraft,
  type EnvelopeResponse,
  type EnvelopeResponseDraft,
  ErrorCode,
  encodeRequestFrame,
  encodeResponseFrame,
  encodeVersioned,
  type Message,
  type RequestHead,
} from '../protocol/index.ts';
import type { ControllerPort } from './admin.ts';
import type { Controller } from './controller.ts';

type Origin = Parameters<ControllerPort['send']>[3];

/** Size that stands before every frame, and not inside an envelope. */
const SIZE_PREFIX_BYTES = 4;
const CORRELATION_ID = 0;

/** A client's request as the broker passes it on, with who sent it (KIP-590). */
export function wrapRequest<A extends ApiSchema>(
  api: A,
  version: number,
  request: Message<A['request']>,
  origin: Origin,
): EnvelopeRequestDraft {
  const frame = encodeRequestFrame(api, version, CORRELATION_ID, origin.clientId, request as Draft<A['request']>);
  const [type = 'User', name = 'ANONYMOUS'] = origin.principal.split(':');
  return {
    requestData: withoutSize(frame),
    requestPrincipal: encodeVersioned(defaultPrincipalData, 0, { type, name }),
    clientHostAddress: addressBytes(origin.clientHost),
  };
}

/** The answer inside; 'notController' when the peer does not lead any more, null when it could not be read. */
export function unwrapResponse<A extends ApiSchema>(
  api: A,
  version: number,
  response: EnvelopeResponse,
): Draft<A['response']> | 'notController' | null {
  if (response.errorCode === ErrorCode.notController) return 'notController';
  if (response.errorCode !== ErrorCode.none || response.responseData === null) return null;
  try {
    return decodeResponse(api, version, response.responseData).body as Draft<A['response']>;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/** The active controller's side: opens the envelope, carries out what is in it, and seals the answer. */
export async function answerEnvelope(
  controller: Controller,
  serves: (api: ApiSchema) => boolean,
  request: EnvelopeRequest,
): Promise<EnvelopeResponseDraft> {
  const opened = open(request.requestData);
  if (opened === null || !serves(opened.head.api)) return { errorCode: ErrorCode.invalidRequest };
  const { head, body } = opened;
  const response = await controller.handle(head.api, head.version, body);
  if (response === null) return { errorCode: ErrorCode.notController };
  const frame = encodeResponseFrame(head.api, head.version, head.correlationId, response);
  return { errorCode: ErrorCode.none, responseData: withoutSize(frame) };
}

type Opened = {
  readonly head: Extract<RequestHead, { kind: 'request' }>;
  readonly body: Message<ApiSchema['request']>;
};

/** Null for bytes that are no request. */
function open(requestData: Uint8Array): Opened | null {
  try {
    const head = decodeRequestHead(requestData);
    if (head.kind === 'unsupported') return null;
    return { head, body: decodeMessage(head.api.request, head.version, requestData, head.bodyAt) };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

function withoutSize(chunks: readonly Uint8Array[]): Uint8Array {
  return concatenate(chunks).subarray(SIZE_PREFIX_BYTES);
}

/** "/127.0.0.1" as four bytes; zeros for what is no IPv4 address. */
function addressBytes(host: string): Uint8Array {
  const match = /(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  return Uint8Array.from(match === null ? [0, 0, 0, 0] : match.slice(1, 5).map(Number));
}
