import { type MetadataRecord, metadataRecord, partitionRecord } from '../protocol/index.ts';
import type { OperationContext } from './operation.ts';
import { recordVersions } from './record-versions.ts';
import { directoryFor } from './settings.ts';

/** A partition that begins: led by its first replica that is active, in sync with all that are. */
export function newPartition(
  context: OperationContext,
  topicId: string,
  partitionId: number,
  replicas: readonly number[],
): MetadataRecord {
  const { image } = context;
  const isr = replicas.filter((id) => image.isActive(id));
  return metadataRecord(partitionRecord, recordVersions(image.metadataVersion).partition, {
    partitionId,
    topicId,
    replicas,
    isr,
    leader: isr[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: replicas.map((id) => directoryFor(context, id)),
  });
}
