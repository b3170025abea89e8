import type { Mutant } from './mutant.ts';

export const logMutants: readonly Mutant[] = [
  {
    name: 'recovery-believes-torn-batches',
    bug: 'A torn page passes for a record batch: recovery does not check the CRC of the tail (UnifiedLog.recover)',
    mutation: { logFaults: { skipRecoveryCrc: true } },
    workload: 'one broker, power loss',
    rules: ['P1', 'P2', 'P3', 'P6', 'E1'],
  },
  {
    name: 'recovery-point-without-sync',
    bug: 'KAFKA-10101: the recovery point moves past what is durable, so a crash leaves a hole that recovery never looks at',
    mutation: { logFaults: { recoveryPointWithoutSync: true } },
    workload: 'one broker, power loss, flushed',
    rules: ['P1', 'P2', 'P3', 'P6'],
  },
  {
    name: 'duplicates-appended',
    bug: 'redpanda #3039: a retried batch is written again, for want of a window of remembered sequences',
    mutation: { logFaults: { ignoreDuplicates: true } },
    workload: 'one broker, resets',
    rules: ['P5', 'P2'],
  },
  {
    name: 'sequences-in-any-order',
    bug: 'KAFKA-5494 and its like: a batch that overtook another is taken, and the records of a writer change places',
    mutation: { logFaults: { skipSequenceCheck: true } },
    workload: 'one broker, refusals',
    rules: ['P4', 'P5'],
    seeds: 40,
  },
  {
    name: 'duplicates-misplaced',
    bug: 'redpanda PR #5026: a retry is told an offset at which its record is not',
    mutation: { logFaults: { misplaceDuplicates: true } },
    workload: 'one broker, resets',
    rules: ['P1', 'P2'],
  },
  {
    name: 'producers-forgotten',
    bug: 'KAFKA-7866 and KAFKA-9144: what producers had written is not known after a restart, and retries are new records',
    mutation: { logFaults: { forgetProducers: true } },
    workload: 'one broker, kills behind a slow link',
    rules: ['P5', 'P4'],
  },
  {
    name: 'syncs-skipped',
    bug: 'fsync that is never called: flush.messages=1 promises what only the page cache holds',
    mutation: { logFaults: { skipSync: true } },
    workload: 'one broker, power loss, flushed',
    rules: ['P1', 'P2'],
  },
  {
    name: 'batches-dropped',
    bug: 'Bufstream 0.1.0 (Jepsen, 2024): one acknowledged batch in many was never stored, in a healthy cluster',
    mutation: { logFaults: { dropBatches: true } },
    workload: 'one broker, resets',
    rules: ['P1', 'P2'],
  },
  {
    name: 'reads-begin-late',
    bug: 'KAFKA-9543 and its like: a lookup lands behind the record that was asked for, and readers skip it',
    mutation: { logFaults: { readLate: true } },
    workload: 'one broker, small reads',
    rules: ['P1', 'P6', 'P10'],
  },
];
