import { createHash } from 'node:crypto';
import type { Environment, LatencyName, RunRecord } from '../run-record.ts';
import { brokerCpuUsPerRecord, brokerProduceUs } from '../telemetry.ts';

export type Better = 'lower' | 'higher';

/** One number of a run, as it is stored, compared and drawn over time. */
export interface RunFigure {
  /** `publish.p99`, `throughput.acked`, `sim.events`. */
  readonly name: string;
  readonly unit: string;
  readonly better: Better;
  readonly value: number;
  /** Samples behind it; 1 for a count. */
  readonly samples: number;
  /** Whether the same code, workload and seed must give the same value. */
  readonly exact: boolean;
}

const LATENCIES: readonly LatencyName[] = ['publish', 'endToEnd', 'service', 'commit', 'transaction', 'fetch'];
const STATISTICS = ['mean', 'p50', 'p95', 'p99', 'p99.9', 'max'] as const;

/** Every figure of a run that can be compared. In a simulation all but its own speed follow from code and seed. */
export function figuresOf(record: RunRecord): RunFigure[] {
  const figures: RunFigure[] = [];
  const exact = record.target === 'sim';
  for (const name of LATENCIES) {
    const summary = record.metrics[name];
    if (summary === undefined) continue;
    for (const statistic of STATISTICS) {
      const value = summary[statistic];
      if (value === undefined) continue;
      const { unit, count } = summary;
      figures.push({ name: `${name}.${statistic}`, unit, better: 'lower', value, samples: count, exact });
    }
  }
  if (record.search !== undefined) {
    const { rate, probes } = record.search;
    figures.push({
      name: 'search.rate',
      unit: 'records/s',
      better: 'higher',
      value: rate,
      samples: probes.length,
      exact,
    });
  }
  const { sent, acked, consumed, bytes } = record.metrics.throughput;
  const rates = { sent, acked, consumed };
  for (const [name, value] of Object.entries(rates)) {
    figures.push({ name: `throughput.${name}`, unit: 'records/s', better: 'higher', value, samples: 1, exact });
  }
  const work = brokerProduceUs(record);
  if (work !== undefined) {
    figures.push({ name: 'broker.produce', unit: 'µs', better: 'lower', value: work, samples: 1, exact: false });
  }
  const cpu = brokerCpuUsPerRecord(record);
  if (cpu !== undefined) {
    figures.push({ name: 'broker.cpu', unit: 'µs/record', better: 'lower', value: cpu, samples: 1, exact });
  }
  figures.push({ name: 'throughput.bytes', unit: 'B/s', better: 'higher', value: bytes, samples: 1, exact });
  if (record.sim !== undefined) {
    const { events, virtualSeconds, wallSeconds } = record.sim;
    figures.push({ name: 'sim.events', unit: 'events', better: 'lower', value: events, samples: 1, exact: true });
    const speed = wallSeconds > 0 ? virtualSeconds / wallSeconds : 0;
    figures.push({ name: 'sim.speed', unit: '×', better: 'higher', value: speed, samples: 1, exact: false });
  }
  return figures;
}

/** The machine that a wall-clock figure belongs to: figures of two machines are never compared. */
export function fingerprintOf(environment: Environment): string {
  const { cores, cpu = '', memoryBytes = 0, kernel = '', governor = '', node } = environment;
  const memoryGiB = Math.round(memoryBytes / 2 ** 30);
  return createHash('sha256')
    .update(JSON.stringify([cores, cpu, memoryGiB, kernel, governor, node]))
    .digest('hex')
    .slice(0, 12);
}
