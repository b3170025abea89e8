const NAME_LENGTH_MAX = 249;

/** Topics whose partitions belong to the brokers themselves. */
export const internalTopics: ReadonlySet<string> = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
]);

/** Why a topic may not have this name, in Kafka's words; null when it may. */
export function topicNameObjection(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed';
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`;
  if (name.length > NAME_LENGTH_MAX) {
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length ${NAME_LENGTH_MAX}`;
  }
  if (/^[a-zA-Z0-9._-]+$/.test(name)) return null;
  return `Topic name is invalid: '${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
}

/** Names that differ only in '.' and '_' collide: metric names turn one into the other. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}
