import { createRandom } from '../core/random.ts';
import type { Workload } from './workload.ts';

/** What was understood, every default filled in, for `bench validate --json` and the run record. */
export function toJson(workload: Workload): Workload {
  return JSON.parse(JSON.stringify(workload)) as Workload;
}

/**
 * 128 bits as hex over everything that makes the load: two runs may be compared only when it is equal. The name, the
 * seed, the target and the thresholds stay outside: a run record has them beside the hash, and a comparison of two
 * targets, of many seeds, or before and after a tightened threshold is one of the same load.
 */
export function workloadHash(workload: Workload, files: ReadonlyMap<string, Uint8Array> = new Map()): string {
  const { driver, cluster, topics, producers, consumers, phases, faults } = workload;
  const contents = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, bytes]) => [path, hash(bytes)]);
  const load = {
    // Runs with our own client keep the hash that they had before there was a choice.
    ...(driver === undefined ? {} : { driver }),
    ...{ cluster, topics, producers, consumers, phases, faults, contents },
  };
  return hash(new TextEncoder().encode(canonical(load)));
}

function hash(bytes: Uint8Array): string {
  const random = createRandom(bytes);
  return Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
}

/** JSON with the keys of every object in order, so that the order in a file does not count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}
