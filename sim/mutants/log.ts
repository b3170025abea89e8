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
    name: 'epochs-not-kept',
    bug: 'KAFKA-16541: the leader epoch file is lost in a crash, and followers cut at the wrong place',
    mutation: { logFaults: { forgetEpochs: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P8', 'P9'],
  },
  {
    name: 'clean-shutdown-marker-stays',
    bug: 'KAFKA-15375: a crash soon after the start leaves the clean-shutdown marker of the last life, and recovery is skipped',
    mutation: { logFaults: { lateMarkerDeletion: true } },
    workload: 'one broker, power loss',
    rules: ['P1', 'P2', 'P3', 'P6'],
  },
  {
    name: 'duplicates-appended',
    bug: 'redpanda #3039: a retried batch is written again, for want of a window of remembered sequences',
    mutation: { logFaults: { ignoreDuplicates: true } },
    workload: 'one broker, resets',
    rules: ['P5', 'P2'],
  },
];
