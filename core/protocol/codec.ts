/** Messages to bytes and back, and the frames that carry them on a connection. */
import { apiByKey } from './apis.ts';
import { decoderOf, encoderOf } from './compile.ts';
import { requestHeader, responseHeader } from './headers.ts';
import { DecodeError, Reader } from './reader.ts';
import { type ApiSchema, type Draft, hasVersion, type Message, type MessageSchema } from './schema.ts';
import { EncodeError, Writer } from './writer.ts';

export { DecodeError, EncodeError };

const API_VERSIONS_KEY = 18;

/** Encoding is synchronous, and what it gives out is never written again: one writer serves all. */
const writer = new Writer();

/** One whole message from `at` on; bytes after it are an error. `bytes` and `records` are views of the input. */
export function decodeMessage<S extends MessageSchema>(
  schema: S,
  version: number,
  bytes: Uint8Array,
  at: number = 0,
): Message<S> {
  const reader = new Reader(bytes, at);
  const message = decoderOf(schema, version)(reader) as Message<S>;
  reader.done();
  return message;
}

/** @throws EncodeError when `version` cannot carry the draft, or a value is outside its type. */
export function encodeMessage<S extends MessageSchema>(schema: S, version: number, draft: Draft<S>): Uint8Array {
  writer.reset();
  encoderOf(schema, version)(writer, draft);
  return writer.whole();
}

/** With its size; `records` and other long `bytes` are chunks of their own, not copied. */
export function encodeRequestFrame<A extends ApiSchema>(
  api: A,
  version: number,
  correlationId: number,
  clientId: string | null,
  draft: Draft<A['request']>,
): Uint8Array[] {
  writer.reset();
  writer.int32(0, 'size');
  const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId };
  encoderOf(requestHeader, requestHeaderVersion(api, version))(writer, header);
  encoderOf(api.request, version)(writer, draft);
  return framed();
}

/** With its size; `records` and other long `bytes` are chunks of their own, not copied. */
export function encodeResponseFrame<A extends ApiSchema>(
  api: A,
  version: number,
  correlationId: number,
  draft: Draft<A['response']>,
): Uint8Array[] {
  writer.reset();
  writer.int32(0, 'size');
  encoderOf(responseHeader, responseHeaderVersion(api, version))(writer, { correlationId });
  encoderOf(api.response, version)(writer, draft);
  return framed();
}

/** What the header of a request frame says. A version that we do not have is told apart from bad bytes. */
export type RequestHead =
  | {
      readonly kind: 'request';
      readonly api: ApiSchema;
      readonly version: number;
      readonly correlationId: number;
      readonly clientId: string | null;
      /** Where the body starts in the frame. */
      readonly bodyAt: number;
    }
  | {
      readonly kind: 'unsupported';
      readonly apiKey: number;
      readonly version: number;
      readonly correlationId: number;
    };

/** `frame` without its size. @throws DecodeError */
export function decodeRequestHead(frame: Uint8Array): RequestHead {
  const reader = new Reader(frame, 0);
  const apiKey = reader.int16();
  const version = reader.int16();
  const correlationId = reader.int32();
  const api = apiByKey.get(apiKey);
  if (api === undefined || !hasVersion(api.request.versions, version)) {
    return { kind: 'unsupported', apiKey, version, correlationId };
  }
  const header = new Reader(frame, 0);
  const { clientId } = decoderOf(requestHeader, requestHeaderVersion(api, version))(header) as {
    clientId: string | null;
  };
  return { kind: 'request', api, version, correlationId, clientId, bodyAt: header.at };
}

/** `frame` without its size. @throws DecodeError */
export function decodeResponse<A extends ApiSchema>(
  api: A,
  version: number,
  frame: Uint8Array,
): { correlationId: number; body: Message<A['response']> } {
  const reader = new Reader(frame, 0);
  const { correlationId } = decoderOf(responseHeader, responseHeaderVersion(api, version))(reader) as {
    correlationId: number;
  };
  const body = decoderOf(api.response, version)(reader) as Message<A['response']>;
  reader.done();
  return { correlationId, body };
}

/** The first field of every response frame (without its size). @throws DecodeError */
export function peekCorrelationId(responseFrame: Uint8Array): number {
  return new Reader(responseFrame, 0).int32();
}

/** A message behind the int16 that is its version: values of internal topics, the consumer protocol. */
export function encodeVersioned<S extends MessageSchema>(schema: S, version: number, draft: Draft<S>): Uint8Array {
  return encodeBehindInt16(schema, version, version, draft);
}

/** @throws DecodeError, also for a version that the schema does not have. */
export function decodeVersioned<S extends MessageSchema>(
  schema: S,
  bytes: Uint8Array,
): { version: number; message: Message<S> } {
  const version = new Reader(bytes, 0).int16();
  return { version, message: decodeMessage(schema, version, bytes, 2) };
}

/** A message behind an int16 that says what it is. */
export function encodeBehindInt16<S extends MessageSchema>(
  schema: S,
  version: number,
  marker: number,
  draft: Draft<S>,
): Uint8Array {
  writer.reset();
  writer.int16(marker, 'marker');
  encoderOf(schema, version)(writer, draft);
  return writer.whole();
}

/** A message behind varints. */
export function encodeBehindVarints<S extends MessageSchema>(
  schema: S,
  version: number,
  prefix: readonly number[],
  draft: Draft<S>,
): Uint8Array {
  writer.reset();
  for (const value of prefix) writer.uvarint(value);
  encoderOf(schema, version)(writer, draft);
  return writer.whole();
}

function requestHeaderVersion(api: ApiSchema, version: number): number {
  return hasVersion(api.request.flexible, version) ? 2 : 1;
}

/** A client that does not know our versions must be able to read this one answer: its header is never flexible (KIP-511). */
function responseHeaderVersion(api: ApiSchema, version: number): number {
  return api.key !== API_VERSIONS_KEY && hasVersion(api.response.flexible, version) ? 1 : 0;
}

function framed(): Uint8Array[] {
  const size = writer.size - 4;
  if (size > 0x7fffffff) throw new EncodeError(`a frame of ${size} bytes`);
  writer.patchFirstInt32(size);
  return writer.chunks();
}
