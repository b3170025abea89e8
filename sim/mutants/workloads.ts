import { parseWorkload } from '../../workloads/parse.ts';
import type { Workload } from '../../workloads/workload.ts';
import { type OneBrokerWorkload, oneBroker } from './one-broker.ts';
import { type ThreeBrokersWorkload, threeBrokers } from './three-brokers.ts';

export type MutantWorkload = OneBrokerWorkload | ThreeBrokersWorkload;

const TEXTS: Readonly<Record<MutantWorkload, string>> = { ...oneBroker, ...threeBrokers };

export function mutantWorkload(name: MutantWorkload, seed: number): Workload {
  const parsed = parseWorkload(TEXTS[name], { file: `${name.replaceAll(/[^a-z]+/g, '-')}.yaml` });
  if (!parsed.ok) throw new Error(`${name}: ${parsed.diagnostics.map(({ message }) => message).join('; ')}`);
  return { ...parsed.workload, seed };
}
