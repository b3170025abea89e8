import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import * as protocol from './index.ts';
import { complete, type Draft, decodeMessage, encodeMessage, type Fields, type MessageSchema } from './index.ts';

interface Vector {
  readonly message: string;
  readonly version: number;
  readonly variant: 'defaults' | 'nulls' | 'full';
  readonly value: Record<string, unknown>;
  readonly hex: string;
}

// Written by the classes of Apache Kafka 4.3.1: every message at every version, as JSON and as bytes.
const vectors: Vector[] = gunzipSync(readFileSync(new URL('./fixtures/message-vectors.ndjson.gz', import.meta.url)))
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const schemas = new Map<string, MessageSchema>();
for (const value of Object.values(protocol)) {
  if (typeof value !== 'object' || value === null) continue;
  if ('request' in value) {
    schemas.set(value.request.name, value.request);
    schemas.set(value.response.name, value.response);
  } else if ('fields' in value) schemas.set(value.name, value);
}

/** Kafka's JSON says uuids, bytes and records in base64. */
function fromKafkaJson(fields: Fields, json: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const field = fields[name];
      if (field === undefined) throw new Error(`no field ${name}`);
      if (typeof field === 'string') return [name, elementFromJson(field, value)];
      if (value === null) return [name, null];
      if ('type' in field) return [name, elementFromJson(field.type, value)];
      if ('struct' in field) return [name, fromKafkaJson(field.struct, value as Record<string, unknown>)];
      return [name, (value as unknown[]).map((element) => elementFromJson(field.each, element))];
    }),
  );
}

function elementFromJson(type: string | Fields, value: unknown): unknown {
  if (typeof type === 'object') return fromKafkaJson(type, value as Record<string, unknown>);
  if (type === 'bytes' || type === 'records') return new Uint8Array(Buffer.from(value as string, 'base64'));
  return type === 'bigint64' ? BigInt(value as number) : value;
}

test('there is a vector for every version of every message', () => {
  const seen = new Set(vectors.map(({ message, version }) => `${message} ${version}`));
  const declared = [...schemas.values()].flatMap(({ name, versions }) => {
    const range = protocol.parseVersions(versions);
    return range === null
      ? []
      : Array.from({ length: range.max - range.min + 1 }, (_, i) => `${name} ${range.min + i}`);
  });
  expect([...seen].filter((one) => !declared.includes(one))).toEqual([]);
  // Headers are not messages of their own: frames test them.
  expect(declared.filter((one) => !seen.has(one) && !/^(Request|Response)Header /.test(one))).toEqual([]);
  expect(vectors.length).toBe(2157);
});

describe.each([...Map.groupBy(vectors, ({ message }) => message)])('%s', (message, itsVectors) => {
  test('reads and writes what Kafka does', () => {
    const schema = schemas.get(message)!;
    for (const { version, variant, value, hex } of itsVectors) {
      const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
      const draft = fromKafkaJson(schema.fields, value) as Draft<MessageSchema>;
      const where = `version ${version}, ${variant}`;
      const decoded = decodeMessage(schema, version, bytes);
      expect(decoded, where).toEqual(complete(schema, draft));
      expect(Buffer.from(encodeMessage(schema, version, draft)).toString('hex'), where).toBe(hex);
      expect(Buffer.from(encodeMessage(schema, version, decoded)).toString('hex'), where).toBe(hex);
    }
  });
});
