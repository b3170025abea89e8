import type { Mutant } from './mutant.ts';

export const groupMutants: readonly Mutant[] = [
  {
    name: 'commit-before-append',
    bug: 'KAFKA-17507: a commit is acknowledged before its record is in the offsets topic',
    mutation: { faults: { commitBeforeAppend: true } },
    workload: 'three brokers, cut-off coordinators',
    rules: ['C2'],
  },
  {
    name: 'stale-members-served',
    bug: 'KAFKA-12984: commits of members that were removed, in generations that are over, are taken',
    mutation: { faults: { ignoreGeneration: true, ignoreMembership: true } },
    workload: 'one broker, slow members',
    rules: ['C1', 'C2', 'C4'],
  },
  {
    name: 'oldest-commit-wins',
    bug: 'KAFKA-14505: after a restart an older offset resurfaces',
    mutation: { faults: { oldestCommitWins: true } },
    workload: 'one broker, group',
    rules: ['C2'],
  },
  {
    name: 'commits-forgotten',
    bug: 'KAFKA-5600: loading the offsets topic ends early, and commits are gone',
    mutation: { faults: { forgetCommits: true } },
    workload: 'one broker, group',
    rules: ['C2'],
  },
  {
    name: 'one-assignment-for-all',
    bug: 'KAFKA-12984: two members of one generation own the same partitions',
    mutation: { faults: { assignToAll: true } },
    workload: 'one broker, group',
    rules: ['C4', 'E1'],
  },
];
