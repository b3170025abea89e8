import { PRODUCER, READER, TRICKLE } from './load.ts';

const THREE = `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 2s
    broker.session.timeout.ms: 3s
    broker.heartbeat.interval.ms: 500ms`;

const LEDGER = `topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}`;

export type ThreeBrokersWorkload =
  | 'three brokers, down to one'
  | 'three brokers, snapshots'
  | 'three brokers, crashes'
  | 'three brokers, slow replication'
  | 'three brokers, partitions'
  | 'three brokers, controllers'
  | 'three brokers, elections'
  | 'three brokers, stale proposals'
  | 'three brokers, one is enough'
  | 'three brokers, cut-off coordinators'
  | 'three brokers, clean stops'
  | 'three brokers, a new disk';

/** Replicated partitions and a quorum, under heavy fire. */
export const threeBrokers: Readonly<Record<ThreeBrokersWorkload, string>> = {
  'three brokers, down to one': `${THREE}
${LEDGER}
phases: { warmup: 0s, measure: 20s, drain: 60s }
faults:
  - { every: 2s, arrival: poisson, clean-stop: follower(ledger/0), restart-after: 5s }
  - { every: 6s, arrival: poisson, power-loss: leader(ledger/0), restart-after: 2s }`,

  'three brokers, snapshots': `${THREE}
    metadata.log.max.record.bytes.between.snapshots: 200
${LEDGER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - every: 2s
    arrival: poisson
    one-of:
      - { kill: any, restart-after: 500ms }
      - { partition: isolate(any), for: 4s }`,

  'three brokers, crashes': `${THREE}
${LEDGER}
phases: { warmup: 0s, measure: 14s, drain: 60s }
faults:
  - every: 3s
    arrival: poisson
    one-of:
      - { kill: leader(ledger/0), restart-after: 1s }
      - { power-loss: leader(ledger/1), restart-after: 2s }
      - { pause: leader(ledger/0), for: 4s }`,

  'three brokers, slow replication': `${THREE}
${LEDGER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - { every: 1500ms, arrival: poisson, slow-link: { broker: any, delay: 150ms, jitter: 100ms }, for: 2s }
  - every: 3s
    arrival: poisson
    one-of:
      - { kill: leader(ledger/0), restart-after: 4s }
      - { power-loss: leader(ledger/1), restart-after: 4s }
      - { partition: { shape: isolate(leader(ledger/2)), clients: false }, for: 5s }`,

  'three brokers, partitions': `${THREE}
${LEDGER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - every: 3s
    arrival: poisson
    one-of:
      - { partition: isolate(leader(ledger/0)), for: 5s }
      - { partition: { shape: isolate(leader(ledger/0)), clients: false }, for: 5s }
      - { partition: halves, for: 4s }
      - { kill: leader(ledger/1), restart-after: 1s }`,

  'three brokers, controllers': `${THREE}
${LEDGER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - every: 2s
    arrival: poisson
    one-of:
      - { kill: controller, restart-after: 500ms }
      - { power-loss: controller, restart-after: 1s }
      - { partition: isolate(controller), for: 4s }
      - { pause: controller, for: 4s }`,

  // Ways so long that many votes have been given before word of who won is in anybody's log; then all of them end.
  'three brokers, elections': `
cluster: { brokers: 3, profile: wan }
topics: [{ name: ledger, partitions: 1, replicationFactor: 3 }]
producers:
  - topic: ledger
    rate: 20/s
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }
phases: { warmup: 0s, measure: 12s, drain: 60s }
faults:
  - { every: 1s, arrival: poisson, one-of: [{ kill: all, restart-after: 50ms }, { power-loss: all, restart-after: 50ms }] }
  - { every: 1s, arrival: poisson, kill: controller, restart-after: 100ms }`,

  // Proposals of in-sync sets that wait on their way while replicas come and go: many partitions, next to no load.
  'three brokers, stale proposals': `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 500ms
    broker.session.timeout.ms: 1s
    broker.heartbeat.interval.ms: 200ms
topics: [{ name: ledger, partitions: 9, replicationFactor: 3 }]
${TRICKLE}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - { at: 100ms, slow-link: { broker: all, delay: 5ms, jitter: 20ms } }
  - every: 700ms
    arrival: poisson
    one-of:
      - { pause: any, for: 1200ms }
      - { partition: { shape: isolate(any), direction: out }, for: 900ms }
      - { partition: { shape: isolate(any), direction: in }, for: 1200ms }`,

  // A follower stops, its leader goes on alone, and dies just as the follower is back.
  'three brokers, one is enough': `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 1
    replica.lag.time.max.ms: 1s
    broker.session.timeout.ms: 1s
    broker.heartbeat.interval.ms: 200ms
topics: [{ name: ledger, partitions: 12, replicationFactor: 2 }]
${TRICKLE}
phases: { warmup: 0s, measure: 20s, drain: 60s }
faults:
  - every: 1s
    arrival: poisson
    one-of:
      - { clean-stop: any, restart-after: 1s }
      - { kill: any, restart-after: 3s }`,

  // Members reach a coordinator that reaches nobody; sessions are so short that its successor knows none of them.
  'three brokers, cut-off coordinators': `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 1s
    broker.session.timeout.ms: 1s
    broker.heartbeat.interval.ms: 200ms
    offsets.topic.num.partitions: 1
    offsets.topic.replication.factor: 3
    group.min.session.timeout.ms: 500ms
topics: [{ name: ledger, partitions: 4, replicationFactor: 3 }]
producers:
  - topic: ledger
    count: 2
    rate: 100/s
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }
consumers:
  - topic: ledger
    group: audit
    count: 2
    client: { session.timeout.ms: 1s, heartbeat.interval.ms: 200ms, auto.commit.interval.ms: 100ms, request.timeout.ms: 3s }
phases: { warmup: 0s, measure: 20s, drain: 60s }
faults:
  - every: 4s
    arrival: poisson
    partition: { shape: isolate(leader(ledger/0)), clients: false }
    for: 4s`,

  'three brokers, clean stops': `${THREE}
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${TRICKLE}
${READER}
phases: { warmup: 0s, measure: 10s, drain: 60s }
faults:
  - every: 1500ms
    arrival: poisson
    one-of:
      - { clean-stop: any, restart-after: 500ms }
      - { kill: leader(ledger/0), restart-after: 1s }`,

  'three brokers, a new disk': `${THREE}
    controller.quorum.auto.join.enable: true
  features: { kraft.version: 1 }
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${TRICKLE}
${READER}
phases: { warmup: 0s, measure: 12s, drain: 60s }
faults:
  - { at: 1s, partition: isolate(broker(3)), for: 5s }
  - { at: 5900ms, kill: broker(1), restart-after: 4s }
  - { at: 5900ms, disk-replace: broker(2), restart-after: 50ms }`,
};
