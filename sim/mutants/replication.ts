import type { Mutant } from './mutant.ts';

export const replicationMutants: readonly Mutant[] = [
  {
    name: 'ack-before-write',
    bug: 'redpanda #3003: a producer hears of an offset before the batch is in the log',
    mutation: { faults: { ackBeforeWrite: true } },
    workload: 'one broker, kills',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'high-watermark-waits-for-nobody',
    bug: 'Jepsen on Kafka 0.8 (2013): what only the leader holds counts as committed',
    mutation: { faults: { hwOnOwnAppend: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'min-isr-ignored',
    bug: 'acks=all from a leader that is alone, though min.insync.replicas is 2',
    mutation: { faults: { ignoreMinInsyncReplicas: true } },
    workload: 'three brokers, partitions',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'zombies-served',
    bug: 'KAFKA-7395 (KIP-320): a replica with another leader epoch is served as if nothing had happened',
    mutation: { faults: { skipEpochCheck: true } },
    workload: 'three brokers, partitions',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'rebooted-follower-in-isr',
    bug: 'KAFKA-15221 (KIP-903): a follower that restarted, and may have lost its tail, is taken back into the ISR unseen',
    mutation: { faults: { ignoreBrokerEpoch: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'truncation-to-high-watermark',
    bug: 'KIP-101: a follower cuts its log at its own high watermark, which lags behind what was acknowledged',
    mutation: { faults: { truncateToHighWatermark: true } },
    workload: 'three brokers, crashes',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
  {
    name: 'divergence-ignored',
    bug: 'KAFKA-6361 (KIP-279): a follower goes on behind records that its new leader never had',
    mutation: { faults: { ignoreDivergence: true } },
    workload: 'three brokers, partitions',
    rules: ['P1', 'P2', 'P7', 'P8', 'P9'],
  },
];
