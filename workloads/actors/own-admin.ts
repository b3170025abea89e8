import { Admin, ClientError, type ConfigInput, EARLIEST_TIMESTAMP, LATEST_TIMESTAMP } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { AdminDriver, LogBounds, TopicPartition } from './driver.ts';

/** Our own admin client behind the actors' interface. */
export class OwnAdmin implements AdminDriver {
  readonly #client: Admin;

  constructor(runtime: Runtime, config: ConfigInput) {
    this.#client = new Admin({ runtime, config });
  }

  async createTopics(
    topics: Parameters<AdminDriver['createTopics']>[0],
    timeoutMs: number,
  ): Promise<readonly { readonly topic: string; readonly errorCode: number; readonly message: string }[]> {
    try {
      const answers = await this.#client.createTopics(topics, { timeoutMs });
      return answers.map(({ name, errorCode, errorMessage }) => ({
        topic: name,
        errorCode,
        message: errorMessage ?? '',
      }));
    } catch (error) {
      const failure = expected(error);
      if (failure.kind === 'authentication' || failure.kind === 'configuration') throw failure;
      // Nobody answered in time: the same for every topic, and for the caller to try again.
      return topics.map(({ name }) => ({ topic: name, errorCode: failure.code || -1, message: failure.message }));
    }
  }

  async deleteTopics(names: readonly string[], timeoutMs: number): Promise<void> {
    await this.#client.deleteTopics(names, { timeoutMs });
  }

  async partitionCounts(names: readonly string[], timeoutMs: number): Promise<readonly (number | null)[]> {
    const found = await this.#client.describeTopics(names, { timeoutMs });
    return names.map((name) => {
      const topic = found.find((one) => one.name === name);
      return topic === undefined || topic.errorCode !== 0 ? null : topic.partitions.length;
    });
  }

  async brokerCount(timeoutMs: number): Promise<number | null> {
    try {
      return (await this.#client.describeCluster({ timeoutMs })).brokers.length;
    } catch (error) {
      expected(error);
      return null;
    }
  }

  async logBounds(
    partitions: readonly TopicPartition[],
    isolation: 'read_uncommitted' | 'read_committed',
    timeoutMs: number,
  ): Promise<readonly (LogBounds | null)[]> {
    const readCommitted = isolation === 'read_committed';
    const at = (timestamp: number) => partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    try {
      const starts = await this.#client.listOffsets(at(EARLIEST_TIMESTAMP), { timeoutMs });
      const ends = await this.#client.listOffsets(at(LATEST_TIMESTAMP), { timeoutMs, readCommitted });
      return partitions.map((_, index) => {
        const start = starts[index]?.value;
        const end = ends[index]?.value;
        return start == null || end == null ? null : { start: start.offset, end: end.offset };
      });
    } catch (error) {
      expected(error);
      return partitions.map(() => null);
    }
  }

  async committed(
    group: string,
    partitions: readonly TopicPartition[],
    timeoutMs: number,
  ): Promise<readonly number[] | null> {
    try {
      const offsets = await this.#client.listGroupOffsets(group, partitions, { timeoutMs });
      return partitions.map(({ topic, partition }) => {
        const found = offsets.find((one) => one.topic === topic && one.partition === partition);
        return found?.offset ?? -1;
      });
    } catch (error) {
      expected(error);
      return null;
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

function expected(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  throw error;
}
