import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { simulateHere, verifyHere } from '../../scripts/simulate.ts';
import { mutantWorkload } from '../mutants/index.ts';
import { drawPlan, type Plan } from '../plan.ts';
import { planOf } from './plans.ts';

// Seconds at most, on a machine of its own; this bound is for a busy one.
vi.setConfig({ testTimeout: 120_000 });

/**
 * Hashes over every event of fifty runs: the same on every machine with one major version of Node. They change with
 * whatever changes a run, and then are written anew:
 * UPDATE_HASHES=1 npx vitest run sim/scenarios/determinism.test.ts
 */
const FILE = new URL('../regressions/hashes.json', import.meta.url);
const SEEDS_EACH = 25;

/** A second and a half of load each, under whatever the seed draws: kinds of faults, their times, configs. */
const swarm = (cluster: string, replicas: number): string => `
cluster: ${cluster}
topics: [{ name: ledger, partitions: 2, replicationFactor: ${replicas} }]
producers:
  - topic: ledger
    count: 2
    rate: 150/s
    arrival: poisson
    value: 100B
    client: { acks: all, enable.idempotence: true, request.timeout.ms: 1s, delivery.timeout.ms: 20s }
consumers:
  - topic: ledger
    group: audit
    count: 2
    client: { session.timeout.ms: 6s, heartbeat.interval.ms: 500ms, request.timeout.ms: 2s }
phases: { warmup: 0s, measure: 1500ms, drain: 20s }
faults: { swarm: { every: 400ms } }`;

const CLUSTERS: Readonly<Record<string, string>> = {
  'swarm of one broker': swarm('{ brokers: 1 }', 1),
  'swarm of three brokers': swarm(
    '{ brokers: 3, config: { min.insync.replicas: 2, broker.session.timeout.ms: 2s, broker.heartbeat.interval.ms: 300ms } }',
    3,
  ),
};

async function hashOf(plan: Plan): Promise<string> {
  const { report } = await simulateHere({ plan });
  return report.hash.toString(16).padStart(14, '0');
}

test('fifty plans drawn from seeds have the hashes of every other machine', async () => {
  const found: Record<string, string> = {};
  const kinds = new Set<string>();
  for (const [name, text] of Object.entries(CLUSTERS)) {
    for (let seed = 1; seed <= SEEDS_EACH; seed++) {
      const plan = planOf(text, seed);
      for (const { action } of plan.faults) kinds.add(action.kind);
      found[`${name}, seed ${seed}`] = await hashOf(plan);
    }
  }
  // Without faults of many kinds the hashes would speak for little.
  expect(kinds.size).toBeGreaterThan(15);
  if (process.env.UPDATE_HASHES === '1') writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
});

test('a plan survives JSON, and two runs of it have the same events', async () => {
  const plan = drawPlan(mutantWorkload('one broker, kills', 6));
  expect(await verifyHere({ plan: JSON.parse(JSON.stringify(plan)) as Plan })).toMatchObject({
    kind: 'same',
    hash: (await simulateHere({ plan })).report.hash,
  });
});
