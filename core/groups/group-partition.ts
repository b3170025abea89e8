/** Java's String.hashCode: over UTF-16 code units, in 32 bits. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/** The partition of `__consumer_offsets` that holds a group. Kafka's abs of the smallest int32 is 0. */
export function groupPartition(groupId: string, partitionCount: number): number {
  const hash = javaHash(groupId);
  return hash === -0x80000000 ? 0 : Math.abs(hash) % partitionCount;
}
