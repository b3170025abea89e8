/** Load that the workloads of mutants share. */

export const PRODUCER = `
producers:
  - topic: ledger
    count: 2
    rate: 600/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }`;

export const TRICKLE = `
producers:
  - topic: ledger
    rate: 40/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }`;

export const READER = `
consumers:
  - { topic: ledger, group: none, client: { request.timeout.ms: 3s } }`;
