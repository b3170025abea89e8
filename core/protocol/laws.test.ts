import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as protocol from './index.ts';
import {
  complete,
  DecodeError,
  type Draft,
  decodeMessage,
  decodeRequestHead,
  decodeResponse,
  encodeMessage,
  type Fields,
  hasVersion,
  INT64_MAX,
  type MessageSchema,
  type Primitive,
  parseVersions,
} from './index.ts';

const schemas: readonly MessageSchema[] = Object.values(protocol).flatMap((value): MessageSchema[] => {
  if (typeof value !== 'object' || value === null) return [];
  if ('request' in value) return [value.request, value.response];
  return 'fields' in value ? [value] : [];
});

const schemaVersions: readonly { schema: MessageSchema; version: number }[] = schemas.flatMap((schema) => {
  const range = parseVersions(schema.versions);
  if (range === null) return [];
  return Array.from({ length: range.max - range.min + 1 }, (_, index) => ({ schema, version: range.min + index }));
});

const primitives: Record<Primitive, fc.Arbitrary<unknown>> = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer(),
  int64: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(INT64_MAX, -INT64_MAX, 2 ** 53, -(2 ** 53), -1)),
  bigint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double(),
  string: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }).filter((text) => text.isWellFormed()),
    fc.constantFrom('', '\ufeffmark', 'é'.repeat(70), 'a'.repeat(127), 'a'.repeat(126)),
  ),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  bytes: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(5000).fill(7))),
  records: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(5000).fill(7))),
};

const unknownTags = fc.uniqueArray(
  fc.record({ tag: fc.integer({ min: 100, max: 0xffffffff }), bytes: fc.uint8Array({ maxLength: 200 }) }),
  { selector: ({ tag }) => tag, maxLength: 3 },
);

/** Drafts that `version` carries: any value for a field that it has, nothing for one that it lacks. */
function draftOf(fields: Fields, version: number, flexible: boolean): fc.Arbitrary<Record<string, unknown>> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field === 'string') {
      model[name] = primitives[field];
      continue;
    }
    if (!hasVersion(field.in, version)) continue;
    const value =
      'type' in field
        ? primitives[field.type]
        : 'struct' in field
          ? draftOf(field.struct, version, flexible)
          : fc.array(elementOf(field.each, version, flexible), { maxLength: 3 });
    const nullable = field.nullable !== undefined && hasVersion(field.nullable, version);
    model[name] = nullable ? fc.option(value, { nil: null, freq: 3 }) : value;
  }
  if (flexible) model.unknownTags = fc.option(unknownTags, { nil: undefined, freq: 2 });
  return fc.record(model, { requiredKeys: [] });
}

function elementOf(element: Primitive | Fields, version: number, flexible: boolean): fc.Arbitrary<unknown> {
  return typeof element === 'string' ? primitives[element] : draftOf(element, version, flexible);
}

function draft(schema: MessageSchema, version: number): fc.Arbitrary<Draft<MessageSchema>> {
  const arbitrary = draftOf(schema.fields, version, hasVersion(schema.flexible, version));
  return arbitrary as fc.Arbitrary<Draft<MessageSchema>>;
}

/** Tags in order, and no list of tags where there are none: how decoding gives them. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (name !== 'unknownTags') copy[name] = normal(inner);
    else if (inner.length > 0) copy[name] = [...inner].sort((a: { tag: number }, b: { tag: number }) => a.tag - b.tag);
  }
  return copy;
}

test('decode after encode is the identity, in every version of every message', () => {
  for (const { schema, version } of schemaVersions) {
    fc.assert(
      fc.property(draft(schema, version), (message) => {
        const bytes = encodeMessage(schema, version, message);
        const decoded = decodeMessage(schema, version, bytes);
        expect(decoded, `${schema.name} v${version}`).toEqual(normal(complete(schema, message)));
        expect(Buffer.compare(encodeMessage(schema, version, decoded), bytes)).toBe(0);
      }),
      { numRuns: 3 },
    );
  }
});

test('a prefix or an extension of a message is no message', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...schemaVersions).chain((one) => fc.tuple(fc.constant(one), draft(one.schema, one.version))),
      fc.nat(),
      ([{ schema, version }, message], cut) => {
        const bytes = encodeMessage(schema, version, message);
        if (bytes.length > 0) {
          const prefix = bytes.subarray(0, cut % bytes.length);
          expect(() => decodeMessage(schema, version, prefix)).toThrow(DecodeError);
        }
        expect(() => decodeMessage(schema, version, new Uint8Array([...bytes, 0]))).toThrow(DecodeError);
      },
    ),
    { numRuns: 300 },
  );
});

/** Either a message that encodes again, or the one typed error. */
function survives(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

const mutations = fc.array(
  fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 0x7f, 0x80, 0xff))),
  { maxLength: 6 },
);

test('mutated messages give a message or a DecodeError', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...schemaVersions).chain((one) => fc.tuple(fc.constant(one), draft(one.schema, one.version))),
      mutations,
      ([{ schema, version }, message], changes) => {
        const bytes = encodeMessage(schema, version, message);
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        survives(() => encodeMessage(schema, version, decodeMessage(schema, version, bytes)));
      },
    ),
    { numRuns: 1500 },
  );
});

test('noise gives a message or a DecodeError, for every reader', () => {
  fc.assert(
    fc.property(fc.constantFrom(...schemaVersions), fc.uint8Array({ maxLength: 120 }), ({ schema, version }, bytes) => {
      survives(() => decodeMessage(schema, version, bytes));
      survives(() => protocol.decodeVersioned(schema, bytes));
      survives(() => decodeRequestHead(bytes));
      survives(() => decodeResponse(protocol.fetch, 16, bytes));
      survives(() => protocol.decodeMetadataRecord(bytes));
      survives(() => protocol.decodeCoordinatorRecord(protocol.groupRecords, bytes, bytes));
    }),
    { numRuns: 2000 },
  );
});
