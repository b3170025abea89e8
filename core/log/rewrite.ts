import type { DiskFile } from '../runtime.ts';
import { readFully } from './batch-scan.ts';
import type { Segment } from './segment.ts';
import { findBatch } from './segment-read.ts';

const CHUNK_BYTES = 1 << 20;

/**
 * Writes what stands above the recovery point once more, in place. A sync that failed in an earlier life of the process
 * left its pages clean: they are read as if they were on the device, and no later sync writes them (Linux since 4.13,
 * "fsyncgate"). Written anew they are dirty again, and the next sync that succeeds has put them there. The bytes do not
 * change, so a power loss meanwhile finds in every sector what it held or what it should hold.
 */
export function rewriteAbove(segments: readonly Segment[], recoveryPoint: number): void {
  for (const segment of segments) {
    if (segment.nextOffset <= recoveryPoint) continue;
    const from = segment.baseOffset >= recoveryPoint ? 0 : (findBatch(segment, recoveryPoint)?.position ?? 0);
    rewrite(segment.file, from, segment.size);
  }
}

function rewrite(file: DiskFile, from: number, to: number): void {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, to - from));
  for (let at = from; at < to; ) {
    const read = readFully(file, at, chunk.subarray(0, Math.min(chunk.length, to - at)));
    // The recovery has just read these bytes: fewer now would be another's doing.
    if (read === 0) throw new Error(`${file.path} ended at ${at} while it was recovered up to ${to}`);
    file.write(at, [chunk.subarray(0, read)]);
    at += read;
  }
}
