import { type Decoder, generateDecoder } from './decoder.ts';
import { type Encoder, generateEncoder } from './encoder.ts';
import { DecodeError } from './reader.ts';
import { hasVersion, type MessageSchema } from './schema.ts';
import { EncodeError } from './writer.ts';

interface Compiled {
  /** By version; made on first use. */
  readonly encoders: (Encoder | undefined)[];
  readonly decoders: (Decoder | undefined)[];
}

const compiled = new WeakMap<MessageSchema, Compiled>();

/** @throws EncodeError when the schema has no such version. */
export function encoderOf(schema: MessageSchema, version: number): Encoder {
  const { encoders } = compiledOf(schema);
  const ready = encoders[version];
  if (ready !== undefined) return ready;
  if (!hasVersion(schema.versions, version)) throw new EncodeError(`${schema.name} has no version ${version}`);
  const encoder = generateEncoder(schema, version);
  encoders[version] = encoder;
  return encoder;
}

/** @throws DecodeError when the schema has no such version. */
export function decoderOf(schema: MessageSchema, version: number): Decoder {
  const { decoders } = compiledOf(schema);
  const ready = decoders[version];
  if (ready !== undefined) return ready;
  if (!hasVersion(schema.versions, version)) throw new DecodeError(`${schema.name} has no version ${version}`);
  const decoder = generateDecoder(schema, version);
  decoders[version] = decoder;
  return decoder;
}

function compiledOf(schema: MessageSchema): Compiled {
  let found = compiled.get(schema);
  if (found === undefined) {
    found = { encoders: [], decoders: [] };
    compiled.set(schema, found);
  }
  return found;
}
