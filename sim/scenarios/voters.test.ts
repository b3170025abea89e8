import { expect, test, vi } from 'vitest';
import { simulateHere } from '../../scripts/simulate.ts';
import { parseWorkload } from '../../workloads/parse.ts';
import type { Mutation } from '../mutation.ts';
import { drawPlan } from '../plan.ts';

vi.setConfig({ testTimeout: 60_000 });

const LEDGER = `
topics: [{ name: ledger, partitions: 3, replicationFactor: 3 }]
producers:
  - topic: ledger
    count: 2
    rate: 100/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, linger.ms: 2ms, request.timeout.ms: 2s, delivery.timeout.ms: 60s }
consumers:
  - { topic: ledger, group: none, client: { request.timeout.ms: 3s } }`;

function cluster(kraftVersion: 0 | 1): string {
  return `
cluster:
  brokers: 3
  features: { kraft.version: ${kraftVersion} }
  config:
    min.insync.replicas: 2
    replica.lag.time.max.ms: 2s
    broker.session.timeout.ms: 3s
    broker.heartbeat.interval.ms: 500ms
    controller.quorum.auto.join.enable: true`;
}

/** Broker 3 is away while the others go on; then one of these gets an empty disk, just when the other ends. */
const EMPTY_AND_BEHIND = `
phases: { warmup: 0s, measure: 12s, drain: 60s }
faults:
  - { at: 1s, partition: isolate(broker(3)), for: 5s }
  - { at: 5900ms, kill: broker(1), restart-after: 4s }
  - { at: 5900ms, disk-replace: broker(2), restart-after: 50ms }`;

async function failed(text: string, mutation?: Mutation): Promise<readonly string[]> {
  const parsed = parseWorkload(text, { file: 'voters.yaml', set: ['seed=1'] });
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(({ message }) => message).join('; '));
  const plan = mutation === undefined ? drawPlan(parsed.workload) : drawPlan(parsed.workload, mutation);
  const { verdict } = await simulateHere({ plan });
  return verdict.rules.filter(({ result }) => result !== 'pass').map(({ rule, result }) => `${rule} ${result}`);
}

test('an empty voter and one that is behind elect nobody where voters have their disks in the log (KIP-853)', async () => {
  expect(await failed(`${cluster(1)}${LEDGER}${EMPTY_AND_BEHIND}`)).toEqual([]);
});

test('voters of the configuration do elect one, and what was committed is lost', async () => {
  expect(await failed(`${cluster(0)}${LEDGER}${EMPTY_AND_BEHIND}`)).toEqual(
    expect.arrayContaining(['P1 allowed', 'P9 allowed']),
  );
});

test('so do voters in the log if the empty disk counts as the former one (broken on purpose)', async () => {
  const mutation = { quorumFaults: { anyDirectoryVotes: true } };
  const found = await failed(`${cluster(1)}${LEDGER}${EMPTY_AND_BEHIND}`, mutation);
  expect(found.map((rule) => rule.split(' ')[0])).toEqual(expect.arrayContaining(['P1', 'P9']));
});

test('every disk is replaced, one after another, and each controller votes again by itself', async () => {
  const faults = [1, 2, 3, 1].map(
    (id, index) => `  - { at: ${3 + 4 * index}s, disk-replace: broker(${id}), restart-after: 100ms }`,
  );
  const text = `phases: { warmup: 0s, measure: 20s, drain: 60s }\nfaults:\n${faults.join('\n')}`;
  expect(await failed(`${cluster(1)}${LEDGER}\n${text}`)).toEqual([]);
});
