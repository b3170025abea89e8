import type { LogDirectory } from '../../log/index.ts';
import { describeLogDirs, ErrorCode } from '../../protocol/index.ts';
import type { Handler } from '../handler.ts';
import type { BrokerServices } from '../services.ts';

type TopicPartitionLog = ReturnType<LogDirectory['logs']>[number];

/**
 * What lies in each log directory. v3: top-level error; v4: size and free space of the volume, which this broker does
 * not know (-1); v5: cordoned directories.
 */
export function describeLogDirsHandler(
  services: Pick<BrokerServices, 'logDirectories' | 'metadata' | 'nodeId'>,
): Handler<typeof describeLogDirs> {
  return {
    api: describeLogDirs,
    handle(request) {
      const wanted =
        request.topics === null
          ? null
          : new Set(request.topics.flatMap(({ topic, partitions }) => partitions.map((one) => `${topic}:${one}`)));
      return {
        errorCode: ErrorCode.none,
        results: services.logDirectories.map((directory) => {
          if (directory.state.kind === 'offline') {
            return { errorCode: ErrorCode.kafkaStorageError, logDir: directory.path, topics: [] };
          }
          const byTopic = new Map<string, TopicPartitionLog[]>();
          for (const entry of directory.logs()) {
            if (wanted !== null && !wanted.has(`${entry.topic}:${entry.partition}`)) continue;
            const entries = byTopic.get(entry.topic);
            if (entries === undefined) byTopic.set(entry.topic, [entry]);
            else entries.push(entry);
          }
          return {
            errorCode: ErrorCode.none,
            logDir: directory.path,
            topics: Array.from(byTopic, ([name, entries]) => ({
              name,
              partitions: entries.map(({ partition, log }) => ({
                partitionIndex: partition,
                partitionSize: log.sizeInBytes,
                offsetLag: Math.max(0, log.highWatermark - log.logEndOffset),
                isFutureKey: false,
              })),
            })),
          };
        }),
      };
    },
  };
}
