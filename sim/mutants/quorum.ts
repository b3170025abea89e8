import type { Mutant } from './mutant.ts';

export const quorumMutants: readonly Mutant[] = [
  {
    name: 'snapshot-loses-a-record',
    bug: 'KAFKA-14214 and its like: a snapshot that is not the state of the log it replaces',
    mutation: { quorumFaults: { snapshotLosesRecord: true } },
    workload: 'three brokers, snapshots',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9', 'L1'],
  },
  {
    name: 'anyone-elected',
    bug: 'KAFKA-8212 and the default before 0.11: a replica that is not in sync leads, though that is not allowed',
    mutation: { controllerFaults: { electAnyone: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'unclean-shutdown-trusted',
    bug: 'KIP-966: a broker that lost its page cache is still eligible to lead',
    mutation: { controllerFaults: { trustUncleanShutdown: true } },
    workload: 'three brokers, down to one',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
    seeds: 40,
  },
  {
    name: 'isr-kept-on-registration',
    bug: 'KAFKA-14139: a broker comes back from a crash as a member of every ISR',
    mutation: { controllerFaults: { keepIsrOnRegistration: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'producer-ids-repeated',
    bug: 'KAFKA-13026 and its like: two producers with one id; the records of one pass for duplicates of the other',
    mutation: { controllerFaults: { repeatProducerIds: true } },
    workload: 'three brokers, controllers',
    rules: ['P1', 'P2', 'P4', 'P5'],
  },
  {
    name: 'metadata-committed-alone',
    bug: 'KAFKA-12460: the quorum leader commits what no other voter has',
    mutation: { quorumFaults: { commitAlone: true } },
    workload: 'three brokers, controllers',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9', 'L1'],
  },
  {
    name: 'vote-not-persisted',
    bug: 'KAFKA-10527 and its like: after a restart a controller votes, or leads, once more in an epoch that it had a part in already',
    mutation: { quorumFaults: { voteNotPersisted: true } },
    workload: 'three brokers, elections',
    rules: ['P8', 'P9'],
    seeds: 200,
  },
];
