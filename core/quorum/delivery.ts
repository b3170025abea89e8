import type { BrokerConfig } from '../config/index.ts';
import { DecodeError, type MetadataRecord, type VotersRecord } from '../protocol/index.ts';
import type { Runtime } from '../runtime.ts';
import type { QuorumFaults } from './faults.ts';
import { type ControlEntry, type DecodedMetadata, decodeMetadataBatches } from './metadata-batches.ts';
import type { MetadataLog } from './metadata-log.ts';
import type { QuorumListener } from './quorum.ts';
import { encodeSnapshot, readSnapshot, type SnapshotContent, type SnapshotId, writeSnapshotFile } from './snapshot.ts';

/** Bytes decoded and delivered in one go. */
const DELIVERY_BYTES = 1 << 20;

export interface DeliveryOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'disk' | 'codecs' | 'log'>;
  readonly config: BrokerConfig;
  readonly log: MetadataLog;
  readonly listener: QuorumListener;
  /** Told of the control records of every snapshot that is loaded, before its listener hears of it. */
  readonly onSnapshot: (control: readonly ControlEntry[], endOffset: number) => void;
  readonly snapshotRecords: (() => readonly MetadataRecord[] | null) | null;
  readonly onError: (error: unknown) => void;
  readonly faults: QuorumFaults;
}

/** Hands what is committed to the listener, in order and once, and writes snapshots of what it has handed over. */
export class Delivery {
  readonly #options: DeliveryOptions;
  #offset = 0;
  #epoch = 0;
  #lastTimestampMs = 0;
  #bytesSinceSnapshot = 0;
  #writing: Promise<void> | null = null;
  /** kraft.version and voters as the delivered part of the log has them. */
  kraftVersion = 0;
  voters: VotersRecord | null = null;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Everything below has been delivered. */
  get offset(): number {
    return this.#offset;
  }

  /** Delivers the newest snapshot, if there is one. @throws Error when the log cannot be understood without it. */
  start(): void {
    const { log, runtime } = this.#options;
    const id = log.latestSnapshot;
    if (id === null) {
      if (log.startOffset > 0) {
        throw new Error(`${log.directory} begins at offset ${log.startOffset}, and no snapshot covers what was before`);
      }
      return;
    }
    const content = readSnapshot(runtime.disk, log.snapshotPath(id), runtime.codecs);
    if (content === null) throw new Error(`the snapshot ${log.snapshotPath(id)} is damaged`);
    this.load(id, content);
  }

  load(id: SnapshotId, content: SnapshotContent): void {
    this.#learn(content.control);
    this.#options.onSnapshot(content.control, id.endOffset);
    this.#warn(content.unknown);
    this.#offset = id.endOffset;
    this.#epoch = id.epoch;
    this.#bytesSinceSnapshot = 0;
    if (id.endOffset > 0) this.#options.listener.snapshotLoaded(content.records, id.endOffset, id.epoch);
  }

  /** Delivers up to `upTo` (exclusive), as far as the log has it. */
  deliver(upTo: number): void {
    const { log, runtime, listener } = this.#options;
    while (this.#offset < upTo) {
      const bytes = log.read(this.#offset, upTo, DELIVERY_BYTES);
      if (bytes === null || bytes.length === 0) return;
      let decoded: DecodedMetadata;
      try {
        decoded = decodeMetadataBatches(bytes, runtime.codecs);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.#options.onError(error);
        return;
      }
      const last = decoded.batches.at(-1)!;
      this.#learn(decoded.control);
      this.#warn(decoded.unknown);
      this.#offset = last.lastOffset + 1;
      this.#epoch = last.epoch;
      this.#lastTimestampMs = last.appendTimeMs;
      this.#bytesSinceSnapshot += bytes.length;
      listener.committed(decoded.batches);
      this.#maybeSnapshot();
    }
  }

  /** Resolves when no snapshot is being written any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #learn(control: readonly ControlEntry[]): void {
    for (const entry of control) {
      if (entry.kind === 'kraftVersion') this.kraftVersion = entry.version;
      else if (entry.kind === 'voters') this.voters = entry.voters;
    }
  }

  #warn(unknown: readonly { readonly offset: number; readonly reason: string }[]): void {
    for (const { offset, reason } of unknown) {
      this.#options.runtime.log.warn('a metadata record takes no effect', { offset, reason });
    }
  }

  #maybeSnapshot(): void {
    const { config, snapshotRecords, runtime, faults, log } = this.#options;
    if (snapshotRecords === null || this.#writing !== null) return;
    if (this.#bytesSinceSnapshot < config.number('metadata.log.max.record.bytes.between.snapshots')) return;
    const id = { endOffset: this.#offset, epoch: this.#epoch };
    const records = snapshotRecords();
    if (records === null) return;
    this.#bytesSinceSnapshot = 0;
    const bytes = encodeSnapshot(
      {
        id,
        records: faults.snapshotLosesRecord === true ? records.slice(0, -1) : records,
        kraftVersion: this.kraftVersion,
        voters: this.voters,
        lastTimestampMs: this.#lastTimestampMs,
        nowMs: runtime.clock.wallMs(),
      },
      runtime.codecs,
    );
    this.#writing = writeSnapshotFile(runtime.disk, log.directory, id, bytes).then(
      () => {
        this.#writing = null;
        log.snapshotAdded(id);
        log.trim(config.number('metadata.max.retention.bytes'));
      },
      (error: unknown) => {
        this.#writing = null;
        this.#options.onError(error);
      },
    );
  }
}
