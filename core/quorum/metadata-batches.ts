import {
  DecodeError,
  decodeMessage,
  decodeMetadataRecord,
  encodeMessage,
  encodeMetadataRecord,
  kRaftVersionRecord,
  leaderChangeMessage,
  type MetadataRecord,
  type VotersRecord,
  votersRecord,
} from '../protocol/index.ts';
import {
  BatchBuilder,
  batchBaseOffset,
  batchCrcIsValid,
  batches,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  type ControlRecordType,
  controlRecordKey,
  controlRecordType,
  decodeBatch,
  isControlBatch,
} from '../records/index.ts';
import type { Codecs } from '../runtime.ts';
import type { CommittedBatch } from './quorum.ts';

/** What the quorum itself reads out of the log, at its offset. */
export type ControlEntry =
  | { readonly kind: 'leaderChange'; readonly offset: number; readonly leaderId: number }
  | { readonly kind: 'kraftVersion'; readonly offset: number; readonly version: number }
  | { readonly kind: 'voters'; readonly offset: number; readonly voters: VotersRecord }
  | { readonly kind: 'snapshotHeader' | 'snapshotFooter'; readonly offset: number; readonly value: Uint8Array };

export interface DecodedMetadata {
  /** A control batch stands here too, without records: its offsets count. */
  readonly batches: readonly CommittedBatch[];
  readonly control: readonly ControlEntry[];
  /** Records that this version does not know, with the reason. They take no effect. */
  readonly unknown: readonly { readonly offset: number; readonly reason: string }[];
}

/** Decodes whole batches. @throws DecodeError when the bytes are no batches. */
export function decodeMetadataBatches(bytes: Uint8Array, codecs: Codecs): DecodedMetadata {
  const decoded: CommittedBatch[] = [];
  const control: ControlEntry[] = [];
  const unknown: { offset: number; reason: string }[] = [];
  for (const boundary of batches(bytes)) {
    if (boundary.kind === 'truncated') throw new DecodeError('a metadata batch is cut off');
    if (boundary.kind === 'corrupt') throw new DecodeError(`metadata batch: ${boundary.reason}`);
    const { at, size } = boundary;
    // What was checked when it was written or recovered may have been damaged since, and would become the cluster's state.
    if (!batchCrcIsValid(bytes, at, codecs)) throw new DecodeError('metadata batch: the CRC is wrong');
    const content = decodeBatch(bytes, at, codecs);
    if (content.kind === 'corrupt') throw new DecodeError(`metadata batch: ${content.reason}`);
    const records: MetadataRecord[] = [];
    for (const record of content.records) {
      if (isControlBatch(bytes, at)) {
        const entry = controlEntry(record.offset, record.key, record.value);
        if (entry !== null) control.push(entry);
        continue;
      }
      try {
        records.push(decodeMetadataRecord(record.value ?? new Uint8Array(0)));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        unknown.push({ offset: record.offset, reason: error.message });
      }
    }
    decoded.push({
      baseOffset: batchBaseOffset(bytes, at),
      lastOffset: batchLastOffset(bytes, at),
      epoch: batchLeaderEpoch(bytes, at),
      appendTimeMs: batchMaxTimestamp(bytes, at),
      bytes: size,
      records,
    });
  }
  return { batches: decoded, control, unknown };
}

function controlEntry(offset: number, key: Uint8Array | null, value: Uint8Array | null): ControlEntry | null {
  const type = controlRecordType(key);
  if (type === null || value === null) return null;
  switch (type) {
    case 'leaderChange': {
      return { kind: type, offset, leaderId: decodeMessage(leaderChangeMessage, 0, value).leaderId };
    }
    case 'kraftVersion':
      return { kind: type, offset, version: decodeMessage(kRaftVersionRecord, 0, value).kRaftVersion };
    case 'kraftVoters':
      return { kind: 'voters', offset, voters: decodeMessage(votersRecord, 0, value) };
    case 'snapshotHeader':
    case 'snapshotFooter':
      return { kind: type, offset, value };
    case 'abort':
    case 'commit':
      return null;
  }
}

/** One batch of records with consecutive offsets. */
export function encodeMetadataBatch(
  records: readonly MetadataRecord[],
  position: BatchPosition,
  codecs: Codecs,
): Uint8Array {
  const builder = new BatchBuilder();
  for (const record of records) builder.append(position.nowMs, null, encodeMetadataRecord(record));
  return builder.finish(codecs, { baseOffset: position.baseOffset, leaderEpoch: position.epoch });
}

/** The control records among whole batches; those of data batches are not looked at. */
export function controlEntries(bytes: Uint8Array, codecs: Codecs): readonly ControlEntry[] {
  const found: ControlEntry[] = [];
  for (const boundary of batches(bytes)) {
    if (boundary.kind !== 'batch' || !isControlBatch(bytes, boundary.at)) continue;
    const batch = bytes.subarray(boundary.at, boundary.at + boundary.size);
    found.push(...decodeMetadataBatches(batch, codecs).control);
  }
  return found;
}

export interface BatchPosition {
  readonly baseOffset: number;
  readonly epoch: number;
  readonly nowMs: number;
}

export type ControlRecord = readonly [ControlRecordType, Uint8Array];

/** One batch of control records with consecutive offsets. */
export function encodeControlRecords(
  records: readonly ControlRecord[],
  position: BatchPosition,
  codecs: Codecs,
): Uint8Array {
  const builder = new BatchBuilder({ initialBytes: records.reduce((sum, [, value]) => sum + 128 + value.length, 0) });
  for (const [type, value] of records) builder.append(position.nowMs, controlRecordKey(type), value);
  return builder.finish(codecs, { baseOffset: position.baseOffset, leaderEpoch: position.epoch, control: true });
}

export function kraftVersionControl(version: number): ControlRecord {
  return ['kraftVersion', encodeMessage(kRaftVersionRecord, 0, { kRaftVersion: version })];
}

export function votersControl(voters: VotersRecord): ControlRecord {
  return ['kraftVoters', encodeMessage(votersRecord, 0, voters)];
}

/** The record with which every epoch begins (KIP-595). Kafka writes version 0, without directory ids, at every kraft.version. */
export function leaderChangeControl(change: {
  readonly leaderId: number;
  readonly voters: readonly { readonly id: number }[];
  readonly granting: readonly { readonly id: number }[];
}): ControlRecord {
  const value = encodeMessage(leaderChangeMessage, 0, {
    version: 0,
    leaderId: change.leaderId,
    voters: change.voters.map((voter) => ({ voterId: voter.id })),
    grantingVoters: change.granting.map((voter) => ({ voterId: voter.id })),
  });
  return ['leaderChange', value];
}
