import { expect, test } from 'vitest';
import { parseWorkload } from './parse.ts';

const text = `
target: sim
cluster: { brokers: 3 }
topics:
  - { name: orders, partitions: 2 }
producers:
  - { topic: orders, rate: 10/s }
phases: { warmup: 1s, measure: 10s }
faults:
  - { at: 3s, one-of: [{ kill: any }, { power-loss: any }] }
  - { at: 4s, power-loss: any }
`;

function parsed(target: string, source = text) {
  return parseWorkload(source, { file: 'orders.yaml', set: [`target=${target}`, 'bootstrap=[localhost:9092]'] });
}

test('another target leaves out what it cannot inject, and says so', () => {
  const local = parsed('local');
  if (!local.ok) throw new Error('refused');
  const { faults } = local.workload;
  expect(faults.kind === 'list' && faults.faults.map(({ id, oneOf }) => [id, oneOf.map(({ kind }) => kind)])).toEqual([
    ['f1', ['kill']],
  ]);
  expect(local.warnings.map(({ message }) => message)).toContain('target local cannot inject power-loss: left out');
  const kafka = parsed('kafka');
  expect(kafka.ok && kafka.workload.faults).toEqual({ kind: 'list', faults: [] });
});

test('a swarm without kinds becomes nothing where nothing can be injected', () => {
  const swarm = text.replace(/faults:[\s\S]*$/, 'faults: swarm\n');
  const kafka = parsed('kafka', swarm);
  expect(kafka.ok && kafka.workload.faults).toEqual({ kind: 'list', faults: [] });
});

test('a file that asks its own target for the impossible is refused', () => {
  const own = text.replace('target: sim', 'target: local');
  const result = parseWorkload(own, { file: 'orders.yaml' });
  expect(result.ok ? [] : result.diagnostics.map(({ code }) => code)).toContain('unsupported');
});
