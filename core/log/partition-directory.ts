/** Kafka's limit on the name of a directory. */
const NAME_LENGTH_MAX = 255;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export function partitionKey(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

/** null for a name that is no partition's: checkpoints, other files, directories marked `-delete`, `-future`, `-stray`. */
export function parsePartitionDirectory(name: string): TopicPartition | null {
  const match = /^([a-zA-Z0-9._-]+)-(\d{1,10})$/.exec(name);
  return match === null ? null : { topic: match[1]!, partition: Number(match[2]) };
}

export function isDeletedDirectory(name: string): boolean {
  return /^.+\.[0-9a-f]{32}-delete$/.test(name);
}

/** `<topic>-<partition>.<32 hex digits>-delete`, the topic cut so that the name stays within its limit. */
export function deletedDirectoryName({ topic, partition }: TopicPartition, unique: Uint8Array): string {
  const hex = Array.from(unique, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const suffix = `-${partition}.${hex}-delete`;
  return topic.slice(0, NAME_LENGTH_MAX - suffix.length) + suffix;
}
