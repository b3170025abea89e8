import type { Mutant } from './mutant.ts';

export const quorumMutants: readonly Mutant[] = [
  {
    name: 'votes-forgotten',
    bug: 'Raft: a vote that is not on disk before its answer can be given twice in one epoch',
    mutation: { quorumFaults: { voteNotPersisted: true } },
    workload: 'three brokers, controllers',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9', 'L1'],
  },
  {
    name: 'snapshot-loses-a-record',
    bug: 'KAFKA-14214 and its like: a snapshot that is not the state of the log it replaces',
    mutation: { quorumFaults: { snapshotLosesRecord: true } },
    workload: 'three brokers, controllers',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9', 'L1'],
  },
  {
    name: 'partition-epoch-ignored',
    bug: 'KIP-497: AlterPartition made from an old view of the partition replaces a newer one',
    mutation: { controllerFaults: { ignorePartitionEpoch: true } },
    workload: 'three brokers, partitions',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9', 'L1'],
  },
];
