import type { RunRecord } from '../run-record.ts';
import { figuresOf } from '../store/figures.ts';

const EXPORTED = new Set(['publish.p50', 'publish.p99', 'endToEnd.p50', 'endToEnd.p99', 'throughput.acked']);

/** The input of github-action-benchmark, all values under the tool `customSmallerIsBetter`; rates are in the other file. */
export function githubActionBenchmark(record: RunRecord, better: 'lower' | 'higher'): object[] {
  return figuresOf(record)
    .filter((figure) => EXPORTED.has(figure.name) && figure.better === better)
    .map(({ name, unit, value }) => ({
      name: `${record.workload} ${name}`,
      unit,
      value,
      extra: `commit ${record.environment.commit}, run ${record.id}`,
    }));
}

/** Bencher Metric Format: benchmark → measure → value. Latencies in nanoseconds, as its built-in measure wants them. */
export function bencherMetricFormat(record: RunRecord): object {
  const benchmarks: Record<string, Record<string, { value: number }>> = {};
  for (const { name, unit, value } of figuresOf(record)) {
    if (!EXPORTED.has(name)) continue;
    const isLatency = unit === 'ms';
    benchmarks[`${record.workload}/${name}`] = {
      [isLatency ? 'latency' : 'throughput']: { value: isLatency ? value * 1e6 : value },
    };
  }
  return benchmarks;
}
