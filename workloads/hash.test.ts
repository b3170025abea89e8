import { expect, test } from 'vitest';
import { toJson, workloadHash } from './hash.ts';
import { RIGHT, workload } from './testing/right-file.ts';

test('the hash follows the load and nothing else', () => {
  const base = workload(RIGHT);
  const hash = workloadHash(base);
  expect(hash).toMatch(/^[0-9a-f]{32}$/);
  expect(workloadHash(toJson(base))).toBe(hash);
  const same = ['seed=8', 'expect={}', 'target=local'];
  for (const argument of same) expect(workloadHash(workload(RIGHT, { set: [argument] }))).toBe(hash);
  const other = [
    'producers[0].rate=20_001/s',
    'topics[0].partitions=11',
    'faults=[]',
    'phases.warmup=6s',
    'cluster.profile=wan',
  ];
  const hashes = new Set(other.map((argument) => workloadHash(workload(RIGHT, { set: [argument] }))));
  expect(hashes.size).toBe(other.length);
  expect(hashes.has(hash)).toBe(false);
  const corpus = (text: string) => workloadHash(base, new Map([['corpus', new TextEncoder().encode(text)]]));
  expect(corpus('a')).not.toBe(corpus('b'));
});
