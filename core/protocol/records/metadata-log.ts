import { DecodeError, decodeMessage, encodeBehindVarints } from '../codec.ts';
import { complete } from '../complete.ts';
import { Reader } from '../reader.ts';
import type { Draft, Message, MessageSchema } from '../schema.ts';
import {
  abortTransactionRecord,
  accessControlEntryRecord,
  beginTransactionRecord,
  brokerRegistrationChangeRecord,
  clearElrRecord,
  clientQuotaRecord,
  configRecord,
  delegationTokenRecord,
  endTransactionRecord,
  featureLevelRecord,
  fenceBrokerRecord,
  noOpRecord,
  partitionChangeRecord,
  partitionRecord,
  producerIdsRecord,
  registerBrokerRecord,
  registerControllerRecord,
  removeAccessControlEntryRecord,
  removeDelegationTokenRecord,
  removeTopicRecord,
  removeUserScramCredentialRecord,
  topicRecord,
  unfenceBrokerRecord,
  unregisterBrokerRecord,
  userScramCredentialRecord,
  zkMigrationStateRecord,
} from './metadata.ts';

/** The version of the frame around every value of `__cluster_metadata`, not of the record in it. */
const FRAME_VERSION = 1;

/** Every record of the metadata log. */
export const metadataRecords: readonly [
  typeof registerBrokerRecord,
  typeof unregisterBrokerRecord,
  typeof topicRecord,
  typeof partitionRecord,
  typeof configRecord,
  typeof partitionChangeRecord,
  typeof fenceBrokerRecord,
  typeof unfenceBrokerRecord,
  typeof removeTopicRecord,
  typeof delegationTokenRecord,
  typeof userScramCredentialRecord,
  typeof featureLevelRecord,
  typeof clientQuotaRecord,
  typeof producerIdsRecord,
  typeof brokerRegistrationChangeRecord,
  typeof accessControlEntryRecord,
  typeof removeAccessControlEntryRecord,
  typeof noOpRecord,
  typeof zkMigrationStateRecord,
  typeof removeUserScramCredentialRecord,
  typeof beginTransactionRecord,
  typeof endTransactionRecord,
  typeof abortTransactionRecord,
  typeof removeDelegationTokenRecord,
  typeof registerControllerRecord,
  typeof clearElrRecord,
] = [
  registerBrokerRecord,
  unregisterBrokerRecord,
  topicRecord,
  partitionRecord,
  configRecord,
  partitionChangeRecord,
  fenceBrokerRecord,
  unfenceBrokerRecord,
  removeTopicRecord,
  delegationTokenRecord,
  userScramCredentialRecord,
  featureLevelRecord,
  clientQuotaRecord,
  producerIdsRecord,
  brokerRegistrationChangeRecord,
  accessControlEntryRecord,
  removeAccessControlEntryRecord,
  noOpRecord,
  zkMigrationStateRecord,
  removeUserScramCredentialRecord,
  beginTransactionRecord,
  endTransactionRecord,
  abortTransactionRecord,
  removeDelegationTokenRecord,
  registerControllerRecord,
  clearElrRecord,
];

export type MetadataRecordSchema = (typeof metadataRecords)[number];

export type MetadataRecordOf<S extends MessageSchema> = S extends MessageSchema
  ? { readonly type: S['name']; readonly version: number; readonly record: Message<S> }
  : never;

/** A value of the metadata log; `type` tells which: 'TopicRecord'. */
export type MetadataRecord = MetadataRecordOf<MetadataRecordSchema>;

const schemaByKey: ReadonlyMap<number, MetadataRecordSchema> = new Map(
  metadataRecords.map((schema) => [schema.key, schema]),
);
const schemaByName: ReadonlyMap<string, MetadataRecordSchema> = new Map(
  metadataRecords.map((schema) => [schema.name, schema]),
);

/** A record to append; absent fields take their defaults. */
export function metadataRecord<S extends MetadataRecordSchema>(
  schema: S,
  version: number,
  draft: Draft<S>,
): MetadataRecordOf<S> {
  return { type: schema.name, version, record: complete(schema, draft) } as unknown as MetadataRecordOf<S>;
}

/** The record's value in the log: frame version, key and version as varints, then the body. @throws EncodeError */
export function encodeMetadataRecord(value: MetadataRecord): Uint8Array {
  const schema = schemaByName.get(value.type)!;
  return encodeBehindVarints(schema, value.version, [FRAME_VERSION, schema.key, value.version], value.record);
}

/** @throws DecodeError, also for a record, version or frame that this code does not know: nothing can be skipped there. */
export function decodeMetadataRecord(bytes: Uint8Array): MetadataRecord {
  const reader = new Reader(bytes, 0);
  const frameVersion = reader.uvarint();
  if (frameVersion !== FRAME_VERSION) throw new DecodeError(`metadata frame version ${frameVersion}`);
  const key = reader.uvarint();
  const schema = schemaByKey.get(key);
  if (schema === undefined) throw new DecodeError(`metadata record of type ${key}`);
  const version = reader.uvarint();
  const record = decodeMessage(schema, version, bytes, reader.at);
  return { type: schema.name, version, record } as MetadataRecord;
}
