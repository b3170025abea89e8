/** The wire protocol: declarations, codec, error codes. */
export * from './apis/index.ts';
export * from './apis.ts';
export {
  DecodeError,
  decodeMessage,
  decodeRequestHead,
  decodeResponse,
  decodeVersioned,
  EncodeError,
  encodeMessage,
  encodeRequestFrame,
  encodeResponseFrame,
  encodeVersioned,
  peekCorrelationId,
  type RequestHead,
} from './codec.ts';
export * from './complete.ts';
export * from './embedded.ts';
export * from './errors.ts';
export * from './headers.ts';
export * from './records/index.ts';
export * from './schema.ts';
