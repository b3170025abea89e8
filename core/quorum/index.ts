export type { QuorumFaults } from './faults.ts';
export { formatVoters } from './format.ts';
export { METADATA_TOPIC, METADATA_TOPIC_ID } from './metadata-log.ts';
export { ChannelPeers, type PeerAddress, type PeerLane, type PeerNetwork } from './peers.ts';
export type { CommittedBatch, Quorum, QuorumDescription, QuorumListener } from './quorum.ts';
export { RaftQuorum, type RaftQuorumOptions } from './raft.ts';
export { readSnapshot } from './snapshot.ts';
export { voterNode } from './voter-set.ts';
