import type { RunRecord } from '../run-record.ts';
import { figuresOf } from '../store/figures.ts';
import type { Trend } from '../trends.ts';

const EXPORTED = new Set([
  'publish.p50',
  'publish.p99',
  'endToEnd.p50',
  'endToEnd.p99',
  'throughput.acked',
  'broker.cpu',
  'search.rate',
]);

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
    benchmarks[`${record.workload}/${name}`] = bencherMeasure(unit, value);
  }
  return benchmarks;
}

function bencherMeasure(unit: string, value: number): Record<string, { value: number }> {
  if (unit === 'ms') return { latency: { value: value * 1e6 } };
  return unit === 'µs/record' ? { 'cpu-microseconds-per-record': { value } } : { throughput: { value } };
}

/** The medians of a night in github-action-benchmark's form, all smaller-is-better: rates as nanoseconds a record. */
export function nightGithubActionBenchmark(trends: readonly Trend[]): object[] {
  return tracked(trends).map(({ load, metric, unit, better, nights, samples }) => {
    const { night, median } = nights.at(-1)!;
    const values = samples.filter((sample) => sample.night === night).map(({ value }) => value);
    const isRate = better === 'higher' && median > 0;
    const common = {
      name: `${load} ${metric}`,
      unit: isRate ? 'ns/record' : unit,
      value: isRate ? 1e9 / median : median,
    };
    const extra = `commit ${samples.at(-1)!.commit}, runs ${samples
      .filter((sample) => sample.night === night)
      .map(({ runId }) => runId)
      .join(' ')}`;
    if (isRate || values.length < 2) return { ...common, extra };
    return { ...common, range: `± ${((Math.max(...values) - Math.min(...values)) / 2).toPrecision(3)}`, extra };
  });
}

/** The same in Bencher Metric Format, with the least and the most of the night's runs. */
export function nightBencher(trends: readonly Trend[]): object {
  const benchmarks = tracked(trends).map(({ load, metric, unit, nights, samples }) => {
    const { night, median } = nights.at(-1)!;
    const values = samples.filter((sample) => sample.night === night).map(({ value }) => value);
    const [[measure, { value }]] = Object.entries(bencherMeasure(unit, median)) as [[string, { value: number }]];
    const scale = median === 0 ? 1 : value / median;
    const bounds = { lower_value: Math.min(...values) * scale, upper_value: Math.max(...values) * scale };
    return [`${load}/${metric}`, { [measure]: { value, ...bounds } }] as const;
  });
  return Object.fromEntries(benchmarks);
}

function tracked(trends: readonly Trend[]): readonly Trend[] {
  return trends.filter(({ metric, nights }) => EXPORTED.has(metric) && nights.length > 0);
}
