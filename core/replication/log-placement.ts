import type { MetadataImage, PartitionImage } from '../controller/image.ts';
import type { Log, LogDirectory } from '../log/index.ts';
import { readUuid } from '../protocol/uuid.ts';

/** A log in the directory that holds it. */
export interface PlacedLog {
  readonly directory: LogDirectory;
  readonly log: Log;
}

/** A log that is no part of the cluster, or no part of this broker's share of it. */
export interface StrayLog {
  readonly directory: LogDirectory;
  readonly topic: string;
  readonly partition: number;
}

/** In which log directory a partition's log lies, or is to lie. */
export class LogPlacement {
  readonly #directories: readonly LogDirectory[];

  constructor(directories: readonly LogDirectory[]) {
    this.#directories = directories;
  }

  /** The log that an earlier run left for this very topic id. */
  existing(wanted: PartitionImage): PlacedLog | null {
    for (const directory of this.#directories) {
      const entry = directory.entry(wanted.topic, wanted.partition);
      if (entry === undefined) continue;
      const { log, topicId } = entry;
      if (topicId === null || readUuid(topicId, 0) === wanted.topicId) return { directory, log };
    }
    return null;
  }

  /** The emptiest directory, once the log of an older topic of that name is out of the way. */
  async place(wanted: PartitionImage): Promise<LogDirectory> {
    let best: { readonly directory: LogDirectory; readonly logs: number } | null = null;
    for (const directory of this.#directories) {
      if (directory.state.kind !== 'online') continue;
      const stale = directory.get(wanted.topic, wanted.partition);
      if (stale !== undefined) await directory.delete(wanted.topic, wanted.partition);
      const logs = directory.logCount;
      if (best === null || logs < best.logs) best = { directory, logs };
    }
    if (best === null) throw new Error('no log directory is online');
    return best.directory;
  }

  async delete(topic: string, partition: number): Promise<void> {
    for (const directory of this.#directories) {
      if (directory.state.kind === 'online' && directory.get(topic, partition) !== undefined) {
        await directory.delete(topic, partition);
      }
    }
  }

  get isEmpty(): boolean {
    return this.#directories.every((directory) => directory.logCount === 0);
  }

  /** Logs that the image does not know, knows by another topic id, or gives to other brokers than `nodeId`. */
  *strays(image: MetadataImage, nodeId: number): Generator<StrayLog> {
    for (const directory of this.#directories) {
      for (const { topic, partition, topicId } of directory.logs()) {
        const wanted = image.topicsByName.get(topic);
        const isOurs =
          wanted?.partitions[partition]?.replicas.includes(nodeId) === true &&
          (topicId === null || readUuid(topicId, 0) === wanted.id);
        if (!isOurs) yield { directory, topic, partition };
      }
    }
  }
}
