import type { MetadataRecord } from '../protocol/index.ts';
import { NO_LEADER } from './cluster-image.ts';
import type { OperationContext } from './operation.ts';
import { electionRecord } from './operations/elect-leaders.ts';
import { electionOf } from './settings.ts';

/** Elections of one maintenance round: the next round does the rest. */
const ELECTIONS_AT_ONCE = 1000;

/** Leaderless partitions of topics that allow it: their settings may have changed since they lost their leader. */
export function uncleanElections(context: OperationContext): readonly MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of context.image.sortedTopics()) {
    if (!topic.partitions.some((partition) => partition.leader === NO_LEADER)) continue;
    if (electionOf(context, topic.name) !== 'unclean') continue;
    for (const partition of topic.partitions) {
      if (partition.leader !== NO_LEADER || records.length >= ELECTIONS_AT_ONCE) continue;
      const record = electionRecord(context, partition, 'unclean');
      if (record !== null) records.push(record);
    }
  }
  return records;
}

/** Leadership goes back to the first replica of a partition once that can lead. */
export function preferredElections(context: OperationContext): readonly MetadataRecord[] {
  const records: MetadataRecord[] = [];
  for (const topic of context.image.sortedTopics()) {
    for (const partition of topic.partitions) {
      if (partition.leader === partition.replicas[0] || records.length >= ELECTIONS_AT_ONCE) continue;
      const record = electionRecord(context, partition, 'preferred');
      if (record !== null) records.push(record);
    }
  }
  return records;
}
