import type { Codecs } from '../runtime.ts';
import { BatchBuilder, type BatchOptions } from './builder.ts';
import { readInt16, readInt32, writeInt16, writeInt32 } from './integers.ts';

/** Types of control records (org.apache.kafka.common.record.ControlRecordType). */
export type ControlRecordType =
  | 'abort'
  | 'commit'
  | 'leaderChange'
  | 'snapshotHeader'
  | 'snapshotFooter'
  | 'kraftVersion'
  | 'kraftVoters';

const TYPES: readonly ControlRecordType[] = [
  'abort',
  'commit',
  'leaderChange',
  'snapshotHeader',
  'snapshotFooter',
  'kraftVersion',
  'kraftVoters',
];

/** The type that a control record's key names; null for an unknown type (to be skipped) or a key too short. */
export function controlRecordType(key: Uint8Array | null): ControlRecordType | null {
  if (key === null || key.length < 4 || readInt16(key, 0) < 0) return null;
  return TYPES[readInt16(key, 2)] ?? null;
}

/** The key of a control record: version 0 and the type, int16 each. */
export function controlRecordKey(type: ControlRecordType): Uint8Array {
  const key = new Uint8Array(4);
  writeInt16(key, 2, TYPES.indexOf(type));
  return key;
}

/**
 * A control batch of one record. `value` is the encoded message of that type (core/protocol has them: LeaderChange,
 * SnapshotHeader, …).
 */
export function encodeControlBatch(
  type: ControlRecordType,
  value: Uint8Array,
  timestamp: number,
  codecs: Codecs,
  options: BatchOptions = {},
): Uint8Array {
  const builder = new BatchBuilder({ initialBytes: 128 + value.length });
  builder.append(timestamp, controlRecordKey(type), value);
  return builder.finish(codecs, { ...options, control: true });
}

/** The marker that ends a transaction of one producer in one partition (KIP-98). */
export interface EndTransactionMarker {
  outcome: 'commit' | 'abort';
  /** Epoch of the transaction coordinator that wrote it: a marker of an older one is fenced. */
  coordinatorEpoch: number;
  producerId: number;
  producerEpoch: number;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

export function encodeEndTransactionMarker(
  marker: EndTransactionMarker,
  codecs: Codecs,
  options: { baseOffset?: number; leaderEpoch?: number } = {},
): Uint8Array {
  const value = new Uint8Array(6);
  writeInt32(value, 2, marker.coordinatorEpoch);
  return encodeControlBatch(marker.outcome, value, marker.timestamp, codecs, {
    ...options,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    transactional: true,
  });
}

/** The coordinator epoch in the value of a commit or abort record; null when the bytes cannot be one. */
export function endTransactionCoordinatorEpoch(value: Uint8Array | null): number | null {
  return value === null || value.length < 6 || readInt16(value, 0) < 0 ? null : readInt32(value, 2);
}
