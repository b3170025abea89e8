import type { Disk } from '../runtime.ts';
import { Checkpoint, HIGH_WATERMARK_FILE, LOG_START_FILE, RECOVERY_POINT_FILE } from './checkpoints.ts';
import type { Log } from './log.ts';
import type { TopicPartition } from './partition-directory.ts';

type CheckpointedLog = TopicPartition & { readonly log: Log };
type Offset = TopicPartition & { readonly offset: number };

/** The three checkpoint files of a log directory: where its logs begin after a start, and what is kept of them meanwhile. */
export class CheckpointedOffsets {
  readonly #logs: () => readonly CheckpointedLog[];
  readonly #recoveryPoints: Checkpoint;
  readonly #logStarts: Checkpoint;
  readonly #highWatermarks: Checkpoint;
  /** As the files held them at start, by `<topic>-<partition>`. */
  #recoveryPointsAtStart = new Map<string, number>();
  #logStartsAtStart = new Map<string, number>();
  #highWatermarksAtStart = new Map<string, number>();

  constructor(disk: Disk, directory: string, logs: () => readonly CheckpointedLog[]) {
    this.#logs = logs;
    this.#recoveryPoints = new Checkpoint(disk, directory, RECOVERY_POINT_FILE);
    this.#logStarts = new Checkpoint(disk, directory, LOG_START_FILE);
    this.#highWatermarks = new Checkpoint(disk, directory, HIGH_WATERMARK_FILE);
  }

  read(): void {
    this.#highWatermarksAtStart = this.#highWatermarks.read();
    this.#recoveryPointsAtStart = this.#recoveryPoints.read();
    this.#logStartsAtStart = this.#logStarts.read();
  }

  recoveryPointAtStart(key: string): number {
    return this.#recoveryPointsAtStart.get(key) ?? 0;
  }
  logStartAtStart(key: string): number | undefined {
    return this.#logStartsAtStart.get(key);
  }
  highWatermarkAtStart(key: string): number {
    return this.#highWatermarksAtStart.get(key) ?? 0;
  }

  /** Whether there were any. */
  forget(key: string): boolean {
    const maps = [this.#highWatermarksAtStart, this.#recoveryPointsAtStart, this.#logStartsAtStart];
    return maps.map((offsets) => offsets.delete(key)).includes(true);
  }

  async write(): Promise<void> {
    await this.writeRecoveryPoints();
    await this.#highWatermarks.write(() => this.#offsets(({ log }) => log.highWatermark));
    await this.#logStarts.write(() =>
      this.#offsets(({ log }) => log.logStartOffset).filter(({ offset }) => offset > 0),
    );
  }

  writeRecoveryPoints(): Promise<void> {
    return this.#recoveryPoints.write(() => this.#offsets(({ log }) => log.recoveryPoint));
  }

  #offsets(of: (log: CheckpointedLog) => number): Offset[] {
    return this.#logs().map((log) => ({ topic: log.topic, partition: log.partition, offset: of(log) }));
  }
}
