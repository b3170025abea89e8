import { PRODUCER, READER } from './load.ts';

const GROUP = `
consumers:
  - topic: ledger
    group: audit
    count: 2
    client: { session.timeout.ms: 6s, heartbeat.interval.ms: 1s, auto.commit.interval.ms: 200ms, request.timeout.ms: 3s }`;

const ONE = 'cluster: { brokers: 1 }';

export type OneBrokerWorkload =
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
  | 'one broker, slow members';

/** One broker under heavy fire: seconds of virtual time, a fraction of a second of real time. */
export const oneBroker: Readonly<Record<OneBrokerWorkload, string>> = {
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

  // Batches of many pages, which no later one writes again; after a failed sync the broker is down for two seconds.
  'one broker, disk errors': `${ONE}
topics: [{ name: ledger, partitions: 2, config: { flush.messages: 1 } }]
producers:
  - topic: ledger
    rate: 40/s
    arrival: poisson
    value: 20KiB
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }
phases: { warmup: 0s, measure: 10s, drain: 30s }
faults:
  - { every: 5s, from: 1s, fsync-failure: any }
  - { every: 5s, from: 4500ms, power-loss: any, restart-after: 200ms }`,

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

  // What a writer gave up waiting for arrives after much that it has sent since.
  'one broker, refusals': `${ONE}
topics: [{ name: ledger, partitions: 1 }]
producers:
  - topic: ledger
    rate: 1_500/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 0ms, request.timeout.ms: 100ms, delivery.timeout.ms: 60s }
phases: { warmup: 0s, measure: 3s, drain: 30s }
faults:
  - { every: 300ms, arrival: poisson, slow-link: { broker: any, delay: 300ms, jitter: 500ms }, for: 60ms }`,

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
};
