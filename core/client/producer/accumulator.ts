import { BATCH_OVERHEAD, BatchBuilder, NO_HEADERS, type RecordHeader } from '../../records/index.ts';
import type { Clock, Codecs, Runtime } from '../../runtime.ts';
import { ProducerBatch } from './batch.ts';
import type { ProducerConfig } from './config.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { SendCallback } from './result.ts';

/** Spare builders kept for reuse, without their buffers: the network may still hold them. */
const SPARE_BUILDERS = 64;
/** Buffers of batches that have ended, kept for the next ones. */
const SPARE_BUFFERS = 32;
/** The smallest buffer that a new batch starts with. */
const SMALLEST_BUFFER_BYTES = 1024;
/** Small buffers are cut from slabs of this size: memory of its own costs a batch more than its records. */
const SLAB_BYTES = 16 * 1024;

export type AppendOutcome =
  | 'appended'
  /** Larger than max.request.size or buffer.memory: it can never be sent. */
  | 'tooLarge'
  /** buffer.memory is full: wait for it to drain. */
  | 'full';

/** Records on their way into batches, within buffer.memory. Each record is written once, straight into its batch. */
export class Accumulator {
  /** Uncompressed bytes of all batches that have not ended. */
  usedBytes = 0;
  readonly #config: ProducerConfig;
  readonly #codecs: Codecs;
  readonly #clock: Clock;
  readonly #batchBytes: number;
  readonly #maxBytes: number;
  readonly #memoryBytes: number;
  readonly #deliveryNs: number;
  #refusedBytes = 0;
  readonly #spare: BatchBuilder[] = [];
  readonly #spareBuffers: Uint8Array[] = [];
  #slab = new Uint8Array(0);
  #slabUsed = 0;
  /** What compression leaves of the bytes, slowly following what batches showed; 1 without compression. */
  #ratio = 1;

  constructor(config: ProducerConfig, { codecs, clock }: Pick<Runtime, 'codecs' | 'clock'>) {
    this.#config = config;
    this.#codecs = codecs;
    this.#clock = clock;
    this.#batchBytes = Math.max(config.values['batch.size'], BATCH_OVERHEAD);
    this.#maxBytes = config.values['max.request.size'];
    this.#memoryBytes = config.values['buffer.memory'];
    this.#deliveryNs = config.values['delivery.timeout.ms'] * 1e6;
  }

  /** A record was refused for want of memory, and there is still no room for it. */
  get isFull(): boolean {
    return this.#refusedBytes > 0 && this.usedBytes > 0 && this.usedBytes + this.#refusedBytes > this.#memoryBytes;
  }

  /**
   * Writes a record into the partition's open batch, or into a new one. `closed` and `opened` tell what that did, so
   * that the caller knows whether there is something to send or a time to wait for.
   */
  append(
    queue: PartitionQueue,
    timestampMs: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = NO_HEADERS,
    token: number,
    callback: SendCallback | null,
    events: { closed(): void; opened(batch: ProducerBatch): void },
  ): AppendOutcome {
    const sizeMax = BatchBuilder.recordSizeMax(key, value, headers);
    if (sizeMax + BATCH_OVERHEAD > this.#maxBytes || sizeMax + BATCH_OVERHEAD > this.#memoryBytes) return 'tooLarge';
    if (this.usedBytes > 0 && this.usedBytes + sizeMax > this.#memoryBytes) {
      this.#refusedBytes = sizeMax;
      return 'full';
    }
    this.#refusedBytes = 0;
    let batch = queue.open;
    if (batch !== null && !this.#fits(batch, sizeMax)) {
      batch.state = 'closed';
      events.closed();
      batch = null;
    }
    if (batch === null) {
      const nowNs = this.#clock.monotonicNs();
      batch = new ProducerBatch(queue, queue.takeOrder(), this.#builder(queue), nowNs, nowNs + this.#deliveryNs);
      queue.waiting.push(batch);
      events.opened(batch);
    }
    batch.builder.append(timestampMs, key, value, headers);
    batch.remember(token, callback, timestampMs);
    const grownBytes = batch.builder.sizeBytes - batch.reservedBytes;
    batch.reservedBytes += grownBytes;
    this.usedBytes += grownBytes;
    return 'appended';
  }

  /** Encodes a batch for its first sending. */
  encode(batch: ProducerBatch): void {
    const { compression, compressionLevel } = this.#config;
    const plainBytes = batch.sizeBytes;
    const builder = batch.encode(this.#codecs, {
      compression,
      transactional: this.#config.transactionalId !== null,
      ...(compressionLevel === undefined ? {} : { compressionLevel }),
    });
    if (builder === null) return;
    batch.queue.lastBatchBytes = plainBytes;
    if (compression !== 'none') this.#ratio += (Math.min(1, batch.sizeBytes / plainBytes) - this.#ratio) * 0.1;
    if (this.#spare.length < SPARE_BUILDERS) this.#spare.push(builder);
  }

  /** Nobody holds what a batch was built in any more: the next one is built there. */
  reuse(buffer: Uint8Array): void {
    const isUsual = buffer.length <= this.#batchBytes * 2;
    if (isUsual && this.#spareBuffers.length < SPARE_BUFFERS) this.#spareBuffers.push(buffer);
  }

  release(batch: ProducerBatch): void {
    this.usedBytes -= batch.reservedBytes;
    batch.reservedBytes = 0;
  }

  #fits(batch: ProducerBatch, sizeMax: number): boolean {
    const bytes = batch.sizeBytes + sizeMax;
    return bytes * this.#ratio <= this.#batchBytes && bytes <= this.#maxBytes;
  }

  /** With a spare buffer, or one of about the size of the partition's last batch. */
  #builder(queue: PartitionQueue): BatchBuilder {
    const guess = Math.max(SMALLEST_BUFFER_BYTES, queue.lastBatchBytes);
    const buffer = this.#spareBuffers.pop() ?? this.#buffer(guess + (guess >> 3));
    const spare = this.#spare.pop();
    if (spare === undefined) return new BatchBuilder({ buffer });
    spare.reset({ buffer });
    return spare;
  }

  #buffer(bytes: number): Uint8Array {
    if (bytes > SLAB_BYTES / 4) return new Uint8Array(bytes);
    if (this.#slabUsed + bytes > this.#slab.length) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#slabUsed = 0;
    }
    const buffer = new Uint8Array(this.#slab.buffer, this.#slabUsed, bytes);
    this.#slabUsed += bytes;
    return buffer;
  }
}
