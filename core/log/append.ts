import { BATCH_OVERHEAD, batchCrc, batchSize } from '../records/index.ts';
import { admit } from './admission.ts';
import type { LogOptions } from './options.ts';
import type { AppendOptions, AppendResult } from './outcomes.ts';
import type { LogStore } from './store.ts';

export interface AppendEntry {
  readonly bytes: Uint8Array;
  readonly options: AppendOptions;
}

/** Checks the entry against the log as the entries before it leave it, and stages its batches. */
export function stageEntry(
  store: LogStore,
  { bytes, options }: AppendEntry,
  logStartOffset: number,
  nowMs: number,
  { codecs, faults }: LogOptions,
): AppendResult {
  if (options.origin === 'client' && bytes.length >= BATCH_OVERHEAD && faults?.ignoreDuplicates !== true) {
    const duplicate = store.producers.findDuplicate(bytes, 0);
    if (duplicate !== null) {
      const { offsetDelta, timestampMs } = duplicate;
      const lastOffset =
        faults?.misplaceDuplicates === true ? store.logEndOffset + duplicate.offsetDelta : duplicate.lastOffset;
      return { kind: 'duplicate', baseOffset: lastOffset - offsetDelta, lastOffset, timestampMs };
    }
  }
  const checksSequences = faults?.ignoreDuplicates !== true && faults?.skipSequenceCheck !== true;
  const admission = admit(
    bytes,
    options,
    store.logEndOffset,
    store.config,
    checksSequences ? store.producers : null,
    codecs,
  );
  if (admission.kind === 'refused') return admission;
  let baseOffset = -1;
  const isDropped = faults?.dropBatches === true && options.origin === 'client' && batchCrc(bytes, 0) % 64 === 63;
  if (isDropped) return acknowledged(store.logEndOffset, logStartOffset);
  for (let at = 0; at < admission.bytes; ) {
    const size = batchSize(bytes, at);
    const first = store.stage(bytes, at, size, options, nowMs);
    if (at === 0) baseOffset = first;
    at += size;
  }
  const logEndOffset = store.logEndOffset;
  return {
    kind: 'appended',
    baseOffset,
    lastOffset: logEndOffset - 1,
    logAppendTimeMs: options.origin === 'replication' ? -1 : (options.logAppendTimeMs ?? -1),
    logStartOffset,
    bytes: admission.bytes,
    flushDue: logEndOffset - store.durableOffset >= store.config.flushMessages,
  };
}

function acknowledged(baseOffset: number, logStartOffset: number): AppendResult {
  return {
    kind: 'appended',
    baseOffset,
    lastOffset: baseOffset - 1,
    logAppendTimeMs: -1,
    logStartOffset,
    bytes: 0,
    flushDue: false,
  };
}
