import type { OperationContext } from './operation.ts';

/** Why these brokers may not hold a partition, in Kafka's words; null when they may. */
export function assignmentObjection(
  context: OperationContext,
  brokerIds: readonly number[],
  replicationFactor: number | null,
): string | null {
  if (brokerIds.length === 0) return 'The manual partition assignment includes an empty replica list.';
  const sorted = [...brokerIds].sort((a, b) => a - b);
  for (const [index, id] of sorted.entries()) {
    if (!context.image.brokers.has(id)) {
      return `The manual partition assignment includes broker ${id}, but no such broker is registered.`;
    }
    if (index > 0 && sorted[index - 1] === id) {
      return `The manual partition assignment includes the broker ${id} more than once.`;
    }
  }
  if (replicationFactor !== null && brokerIds.length !== replicationFactor) {
    return (
      `The manual partition assignment includes a partition with ${brokerIds.length} replica(s), but this is not ` +
      `consistent with previous partitions, which have ${replicationFactor} replica(s).`
    );
  }
  return null;
}
