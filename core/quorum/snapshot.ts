import { concatenate } from '../concatenate.ts';
import { readFile } from '../log/durable-file.ts';
import {
  encodeMessage,
  encodeMetadataRecord,
  type MetadataRecord,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  type VotersRecord,
} from '../protocol/index.ts';
import { BatchBuilder, batchCrcIsValid, batches } from '../records/index.ts';
import type { Codecs, Disk } from '../runtime.ts';
import {
  type ControlEntry,
  type ControlRecord,
  decodeMetadataBatches,
  encodeControlRecords,
  kraftVersionControl,
  votersControl,
} from './metadata-batches.ts';

/** The state of the log up to `endOffset` (exclusive), whose last record was of `epoch`. */
export interface SnapshotId {
  readonly endOffset: number;
  readonly epoch: number;
}

export interface SnapshotContent {
  readonly records: readonly MetadataRecord[];
  readonly control: readonly ControlEntry[];
  readonly unknown: readonly { readonly offset: number; readonly reason: string }[];
}

/** Records per batch of a snapshot: a reader holds one batch at a time. */
const RECORDS_PER_BATCH = 1024;
const PART_SUFFIX = '.part';

export function snapshotName(id: SnapshotId): string {
  return `${String(id.endOffset).padStart(20, '0')}-${String(id.epoch).padStart(10, '0')}.checkpoint`;
}

export function parseSnapshotName(name: string): SnapshotId | null {
  const match = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name);
  return match === null ? null : { endOffset: Number(match[1]), epoch: Number(match[2]) };
}

/** A snapshot that was being written when the node stopped. */
export function isUnfinishedSnapshot(name: string): boolean {
  return name.endsWith(`.checkpoint${PART_SUFFIX}`);
}

/** Reads a `.checkpoint` file; null when there is none or it is damaged: a whole one ends with its footer (KIP-630). */
export function readSnapshot(disk: Disk, path: string, codecs: Codecs): SnapshotContent | null {
  const bytes = readFile(disk, path);
  return bytes === null ? null : decodeSnapshot(bytes, codecs);
}

export function decodeSnapshot(bytes: Uint8Array, codecs: Codecs): SnapshotContent | null {
  for (const boundary of batches(bytes)) {
    if (boundary.kind !== 'batch' || !batchCrcIsValid(bytes, boundary.at, codecs)) return null;
  }
  const decoded = decodeMetadataBatches(bytes, codecs);
  const kinds = decoded.control.map((entry) => entry.kind);
  if (kinds[0] !== 'snapshotHeader' || kinds.at(-1) !== 'snapshotFooter') return null;
  return {
    records: decoded.batches.flatMap((batch) => batch.records),
    control: decoded.control,
    unknown: decoded.unknown,
  };
}

export interface SnapshotDraft {
  readonly id: SnapshotId;
  readonly records: readonly MetadataRecord[];
  readonly kraftVersion: number;
  readonly voters: VotersRecord | null;
  /** Append time of the last record that it covers. */
  readonly lastTimestampMs: number;
  readonly nowMs: number;
}

export function encodeSnapshot(draft: SnapshotDraft, codecs: Codecs): Uint8Array {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  const control = (records: readonly ControlRecord[]): void => {
    const position = { baseOffset: offset, epoch: draft.id.epoch, nowMs: draft.nowMs };
    chunks.push(encodeControlRecords(records, position, codecs));
    offset += records.length;
  };
  const header = encodeMessage(snapshotHeaderRecord, 0, { lastContainedLogTimestamp: draft.lastTimestampMs });
  const first: ControlRecord[] = [['snapshotHeader', header]];
  if (draft.kraftVersion > 0) {
    first.push(kraftVersionControl(draft.kraftVersion));
    if (draft.voters !== null) first.push(votersControl(draft.voters));
  }
  control(first);
  for (let at = 0; at < draft.records.length; at += RECORDS_PER_BATCH) {
    const builder = new BatchBuilder();
    const slice = draft.records.slice(at, at + RECORDS_PER_BATCH);
    for (const record of slice) builder.append(draft.nowMs, null, encodeMetadataRecord(record));
    chunks.push(builder.finish(codecs, { baseOffset: offset, leaderEpoch: draft.id.epoch }));
    offset += slice.length;
  }
  control([['snapshotFooter', encodeMessage(snapshotFooterRecord, 0, {})]]);
  return concatenate(chunks);
}

/** Puts a snapshot in place so that after any crash it is there whole or not at all. */
export async function writeSnapshotFile(
  disk: Disk,
  directory: string,
  id: SnapshotId,
  bytes: Uint8Array,
): Promise<void> {
  const path = `${directory}/${snapshotName(id)}`;
  const file = disk.open(`${path}${PART_SUFFIX}`, { create: true });
  try {
    file.truncate(0);
    file.write(0, [bytes]);
    await file.sync();
  } finally {
    file.close();
  }
  disk.rename(`${path}${PART_SUFFIX}`, path);
  await disk.syncDirectory(directory);
}
