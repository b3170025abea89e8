import { ErrorCode } from '../../protocol/index.ts';
import { batchLastOffsetDelta, setBatchBaseOffset } from '../../records/index.ts';
import type { CoordinatorLog } from '../coordinator-log.ts';

interface Waiting {
  readonly partition: number;
  readonly batch: Uint8Array;
  readonly resolve: (result: { errorCode: number; baseOffset: number }) => void;
}

/** A coordinator's partitions in memory: appends are committed at once, unless they are held or refused. */
export class MemoryLog implements CoordinatorLog {
  readonly partitions: Uint8Array[][];
  exists = true;
  hold = false;
  refuseWith: number = ErrorCode.none;
  failReplay = false;
  readonly waiting: Waiting[] = [];
  #ends: number[];

  constructor(partitionCount = 1) {
    this.partitions = Array.from({ length: partitionCount }, () => []);
    this.#ends = this.partitions.map(() => 0);
  }

  async partitionCount(): Promise<number | null> {
    this.exists = true;
    return this.partitions.length;
  }
  existingPartitionCount(): number | null {
    return this.exists ? this.partitions.length : null;
  }

  append(partition: number, batch: Uint8Array): Promise<{ errorCode: number; baseOffset: number }> {
    if (this.refuseWith !== ErrorCode.none) return Promise.resolve({ errorCode: this.refuseWith, baseOffset: -1 });
    return new Promise((resolve) => {
      this.waiting.push({ partition, batch, resolve });
      if (!this.hold) this.release();
    });
  }

  /** What is held is committed. */
  release(): void {
    for (const { partition, batch, resolve } of this.waiting.splice(0)) {
      const baseOffset = this.#ends[partition]!;
      this.put(partition, batch);
      resolve({ errorCode: ErrorCode.none, baseOffset });
    }
  }

  put(partition: number, batch: Uint8Array): void {
    const bytes = batch.slice();
    setBatchBaseOffset(bytes, 0, this.#ends[partition]!);
    this.#ends[partition] = this.#ends[partition]! + batchLastOffsetDelta(bytes, 0) + 1;
    this.partitions[partition]!.push(bytes);
  }

  async replay(partition: number, visit: (batches: Uint8Array) => void): Promise<void> {
    for (const batch of this.partitions[partition]!) {
      await null;
      if (this.failReplay) throw new Error('the disk does not answer');
      visit(batch);
    }
  }
}
