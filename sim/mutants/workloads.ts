import { parseWorkload } from '../../workloads/parse.ts';
import type { Workload } from '../../workloads/workload.ts';

const PRODUCER = `
producers:
  - topic: ledger
    count: 2
    rate: 600/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }`;

const GROUP = `
consumers:
  - topic: ledger
    group: audit
    count: 2
    client: { session.timeout.ms: 6s, heartbeat.interval.ms: 1s, auto.commit.interval.ms: 200ms, request.timeout.ms: 3s }`;

const READER = `
consumers:
  - { topic: ledger, group: none, client: { request.timeout.ms: 3s } }`;

const ONE = 'cluster: { brokers: 1 }';
const THREE = `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 2s
    broker.session.timeout.ms: 3s
    broker.heartbeat.interval.ms: 500ms`;

export type MutantWorkload =
  | 'one broker, kills'
  | 'one broker, power loss, flushed'
  | 'one broker, power loss'
  | 'one broker, resets'
  | 'one broker, disk errors'
  | 'one broker, group'
  | 'one broker, kills behind a slow link'
  | 'one broker, refusals'
  | 'one broker, small reads'
  | 'one broker, deliveries that fail'
  | 'one broker, slow members'
  | 'three brokers, down to one'
  | 'three brokers, snapshots'
  | 'three brokers, crashes'
  | 'three brokers, slow replication'
  | 'three brokers, partitions'
  | 'three brokers, controllers'
  | 'three brokers, elections';

/** Small clusters under heavy fire: seconds of virtual time, a fraction of a second of real time. */
const TEXTS: Readonly<Record<MutantWorkload, string>> = {
  'one broker, kills': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults: [{ every: 1s, arrival: poisson, kill: any, restart-after: 200ms }]`,

  'one broker, power loss, flushed': `${ONE}
topics: [{ name: ledger, partitions: 2, config: { flush.messages: 1 } }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults: [{ every: 1500ms, arrival: poisson, power-loss: any, restart-after: 200ms }]`,

  'one broker, power loss': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults: [{ every: 1500ms, arrival: poisson, power-loss: any, restart-after: 200ms }]`,

  'one broker, resets': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults:
  - every: 400ms
    arrival: poisson
    one-of:
      - { connection-reset: any }
      - { slow-link: { broker: any, delay: 30ms, jitter: 30ms }, for: 300ms }
      - { stall-then-reset: any, for: 200ms }`,

  'one broker, disk errors': `${ONE}
topics: [{ name: ledger, partitions: 2, config: { flush.messages: 1 } }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults:
  - every: 900ms
    arrival: poisson
    one-of:
      - { fsync-failure: any }
      - { short-write: any }
      - { power-loss: any, restart-after: 200ms }`,

  'one broker, group': `${ONE}
topics: [{ name: ledger, partitions: 4 }]
${PRODUCER}
${GROUP}
phases: { warmup: 0s, measure: 12s, drain: 60s }
faults:
  - every: 2s
    arrival: poisson
    one-of:
      - { kill: any, restart-after: 300ms }
      - { connection-reset: any }
      - { pause: any, for: 500ms }`,

  'one broker, kills behind a slow link': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults:
  - { at: 100ms, slow-link: { broker: any, delay: 40ms, jitter: 20ms } }
  - { every: 1s, arrival: poisson, kill: any, restart-after: 200ms }`,

  'one broker, refusals': `${ONE}
topics: [{ name: ledger, partitions: 1 }]
producers:
  - topic: ledger
    rate: 1_500/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 1ms, request.timeout.ms: 300ms, delivery.timeout.ms: 60s }
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults:
  - every: 500ms
    arrival: poisson
    one-of:
      - { stall-then-reset: any, for: 200ms }
      - { connection-reset: any }
      - { pause: any, for: 400ms }
      - { slow-link: { broker: any, delay: 200ms, jitter: 200ms }, for: 400ms }`,

  'one broker, small reads': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
${PRODUCER}
consumers:
  - { topic: ledger, group: none, client: { request.timeout.ms: 3s, max.poll.records: 7, max.partition.fetch.bytes: 1KiB } }
phases: { warmup: 0s, measure: 5s, drain: 30s }
faults: [{ every: 1s, arrival: poisson, connection-reset: any }]`,

  'one broker, deliveries that fail': `${ONE}
topics: [{ name: ledger, partitions: 2 }]
producers:
  - topic: ledger
    count: 2
    rate: 600/s
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 200ms, delivery.timeout.ms: 300ms }
${READER}
phases: { warmup: 0s, measure: 6s, drain: 30s }
faults: [{ every: 1500ms, arrival: poisson, kill: any, restart-after: 700ms }]`,

  'one broker, slow members': `${ONE}
topics: [{ name: ledger, partitions: 4 }]
producers:
  - { topic: ledger, rate: 400/s, value: 100B, client: { acks: all, linger.ms: 20ms } }
consumers:
  - topic: ledger
    group: audit
    count: 3
    processing: 8ms
    client: { session.timeout.ms: 6s, heartbeat.interval.ms: 300ms, max.poll.interval.ms: 1s, max.poll.records: 400, auto.commit.interval.ms: 100ms }
phases: { warmup: 0s, measure: 15s, drain: 60s }
faults: [{ every: 4s, arrival: poisson, connection-reset: any }]`,

  'three brokers, down to one': `${THREE}
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 20s, drain: 60s }
faults:
  - { every: 2s, arrival: poisson, clean-stop: follower(ledger/0), restart-after: 5s }
  - { every: 6s, arrival: poisson, power-loss: leader(ledger/0), restart-after: 2s }`,

  'three brokers, snapshots': `
cluster:
  brokers: 3
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 2s
    broker.session.timeout.ms: 3s
    broker.heartbeat.interval.ms: 500ms
    metadata.log.max.record.bytes.between.snapshots: 200
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - every: 2s
    arrival: poisson
    one-of:
      - { kill: any, restart-after: 500ms }
      - { partition: isolate(any), for: 4s }`,

  'three brokers, crashes': `${THREE}
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 14s, drain: 60s }
faults:
  - every: 3s
    arrival: poisson
    one-of:
      - { kill: leader(ledger/0), restart-after: 1s }
      - { power-loss: leader(ledger/1), restart-after: 2s }
      - { pause: leader(ledger/0), for: 4s }`,

  'three brokers, slow replication': `${THREE}
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
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
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
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
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
${PRODUCER}
${READER}
phases: { warmup: 0s, measure: 16s, drain: 60s }
faults:
  - every: 2s
    arrival: poisson
    one-of:
      - { kill: controller, restart-after: 500ms }
      - { power-loss: controller, restart-after: 1s }
      - { partition: isolate(controller), for: 4s }
      - { pause: controller, for: 4s }`,

  // Links so slow that many votes have been given before word of who won is in anybody's log; then all of them end.
  'three brokers, elections': `${THREE}
topics: [{ name: ledger, partitions: 1, replicationFactor: 3 }]
producers:
  - topic: ledger
    rate: 20/s
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }
${READER}
phases: { warmup: 0s, measure: 12s, drain: 60s }
faults:
  - { at: 100ms, slow-link: { broker: all, delay: 40ms, jitter: 40ms } }
  - { at: 100ms, slow-disk: { broker: all, factor: 10 } }
  - { every: 1s, arrival: poisson, one-of: [{ kill: all, restart-after: 50ms }, { power-loss: all, restart-after: 50ms }] }
  - { every: 1s, arrival: poisson, kill: controller, restart-after: 100ms }`,
};

export function mutantWorkload(name: MutantWorkload, seed: number): Workload {
  const parsed = parseWorkload(TEXTS[name], { file: `${name.replaceAll(/[^a-z]+/g, '-')}.yaml` });
  if (!parsed.ok) throw new Error(`${name}: ${parsed.diagnostics.map(({ message }) => message).join('; ')}`);
  return { ...parsed.workload, seed };
}
