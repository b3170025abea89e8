import type { Mutant } from './mutant.ts';

export const groupMutants: readonly Mutant[] = [
  {
    name: 'commit-before-append',
    bug: 'KAFKA-17507: a commit is acknowledged before its record is in the offsets topic',
    mutation: { faults: { commitBeforeAppend: true } },
    workload: 'one broker, group',
    rules: ['C2'],
  },
  {
    name: 'generation-ignored',
    bug: 'KAFKA-12984: commits and heartbeats of an old generation are taken',
    mutation: { faults: { ignoreGeneration: true } },
    workload: 'one broker, group',
    rules: ['C1', 'C2', 'C4'],
  },
  {
    name: 'membership-ignored',
    bug: 'a member that was removed goes on committing for partitions of others',
    mutation: { faults: { ignoreMembership: true } },
    workload: 'one broker, group',
    rules: ['C1', 'C2', 'C4'],
  },
  {
    name: 'offsets-of-live-groups-expire',
    bug: 'KAFKA-13636: offsets expire in the middle of a rebalance',
    mutation: { faults: { expireUnstableGroups: true } },
    workload: 'one broker, group',
    rules: ['C2', 'C3'],
  },
];
