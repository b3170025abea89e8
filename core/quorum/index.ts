export type { QuorumFaults } from './faults.ts';
export { METADATA_TOPIC, METADATA_TOPIC_ID } from './metadata-log.ts';
export type { CommittedBatch, Quorum, QuorumListener } from './quorum.ts';
export { RaftQuorum, type RaftQuorumOptions } from './raft.ts';
export { readSnapshot } from './snapshot.ts';
