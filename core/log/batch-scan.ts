import { batchBoundary, batchSize, LOG_OVERHEAD, wholeBatchSize } from '../records/index.ts';
import type { DiskFile } from '../runtime.ts';

const scanBufferBytes = 1 << 17;

/** Where a scan of a segment's bytes ended. `position` is the end of the last batch that was visited. */
export type ScanEnd =
  | { readonly kind: 'end'; readonly position: number }
  | { readonly kind: 'stopped'; readonly position: number }
  /** Bytes follow that are no whole batch, or that `visit` refused with a reason. */
  | { readonly kind: 'bad'; readonly position: number; readonly reason: string };

/** `true` goes on, `false` stops before this batch, a text refuses it. */
export type BatchVisitor = (bytes: Uint8Array, at: number, size: number, position: number) => boolean | string;

/** Reads as many bytes as the file has, up to the target's length. */
export function readFully(file: DiskFile, position: number, target: Uint8Array): number {
  let filled = 0;
  while (filled < target.length) {
    const count = file.read(position + filled, filled === 0 ? target : target.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Walks the whole batches of `file` in [from, to). The bytes that a visitor sees are valid during its call only. */
export function scanBatches(file: DiskFile, from: number, to: number, visit: BatchVisitor): ScanEnd {
  let buffer = new Uint8Array(Math.max(0, Math.min(scanBufferBytes, to - from)));
  let position = from;
  while (position < to) {
    const filled = readFully(file, position, buffer.subarray(0, Math.min(buffer.length, to - position)));
    let at = 0;
    for (;;) {
      const size = wholeBatchSize(buffer, at, filled);
      if (size <= 0) break;
      const verdict = visit(buffer, at, size, position + at);
      if (verdict === false) return { kind: 'stopped', position: position + at };
      if (typeof verdict === 'string') return { kind: 'bad', position: position + at, reason: verdict };
      at += size;
    }
    position += at;
    if (at > 0) continue;
    // Nothing whole at the front of the buffer: bad bytes, a tail too short, or a batch larger than the buffer.
    const boundary = batchBoundary(buffer, 0, filled);
    if (boundary.kind === 'corrupt') return { kind: 'bad', position, reason: boundary.reason };
    const claimed = filled >= LOG_OVERHEAD ? batchSize(buffer, 0) : to - position + 1;
    // A claim that fits in what was read: fewer bytes than a header, so the size means nothing.
    if (claimed > to - position || claimed <= filled || filled < Math.min(buffer.length, to - position)) {
      return { kind: 'bad', position, reason: 'the file ends inside a batch' };
    }
    buffer = new Uint8Array(claimed);
  }
  return { kind: 'end', position };
}
