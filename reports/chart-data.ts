import { figure } from './figure.ts';
import { PERCENTILES, SAMPLES_BEYOND_MIN } from './histogram.ts';
import { searchChartData } from './rate-search.ts';
import type { LatencyPoint, RunRecord } from './run-record.ts';
import { telemetryChartData } from './telemetry.ts';

/** Latencies below 1 µs are drawn there: a log scale has no zero. */
const FLOOR_MS = 0.001;
/** Room that a fault's label needs, in pixels per character. */
const LABEL_PIXELS = 6.2;

/** The data sets that the specs in charts/ name. `width` in pixels decides which labels have room. */
export function chartData(record: RunRecord, width: number, against?: RunRecord): Record<string, object[]> {
  const span = spanSeconds(record);
  return {
    spectrum: [...spectrumOf(record, 'publish', 'publish'), ...spectrumOf(record, 'endToEnd', 'end-to-end')],
    named: [...namedOf(record, 'publish', 'publish'), ...namedOf(record, 'endToEnd', 'end-to-end')],
    limits: limitsOf(record),
    ...searchChartData(record.search),
    ...telemetryChartData(record),
    phases: phasesOf(record, span),
    faults: faultsOf(record, span, width),
    rates: ratesOf(record),
    'latency-publish': record.series.flatMap((point) => latencyOf(point.t, point.publish)),
    'latency-end-to-end': record.series.flatMap((point) => latencyOf(point.t, point.endToEnd)),
    'heat-publish': heatOf(record, 'publish'),
    'heat-end-to-end': heatOf(record, 'endToEnd'),
    overlay: overlayOf(record, against),
    backlog: record.series.flatMap(({ t, backlog }) => (backlog === undefined ? [] : [{ t, value: backlog }])),
  };
}

export function spanSeconds(record: RunRecord): number {
  const ends = [...record.phases.map((phase) => phase.toSeconds), ...record.series.map((point) => point.t)];
  return Math.max(1, ...ends);
}

function spectrumOf(record: RunRecord, name: 'publish' | 'endToEnd', metric: string): object[] {
  return (record.spectra[name] ?? []).map(({ x, value }) => ({ metric, x, value: Math.max(FLOOR_MS, value) }));
}

function namedOf(record: RunRecord, name: 'publish' | 'endToEnd', metric: string): object[] {
  const summary = record.metrics[name];
  if (summary === undefined) return [];
  return (['p50', 'p99', 'p99.9', 'p99.99'] as const).flatMap((percentile) => {
    const value = summary[percentile];
    if (value === undefined) return [];
    const x = 1 / (1 - PERCENTILES[percentile]);
    return [{ metric, x, value: Math.max(FLOOR_MS, value), label: `${percentile} ${figure(value)}` }];
  });
}

function limitsOf(record: RunRecord): object[] {
  return record.expect.flatMap(({ name, limit }) => {
    const match = /^(publish|endToEnd)\.(p[\d.]+|max)$/.exec(name);
    const value = /([\d._]+)\s*(us|µs|ms|s)\b/.exec(limit);
    if (match === null || value === null) return [];
    const per = { us: 1e-3, µs: 1e-3, ms: 1, s: 1e3 }[value[2] as 'us' | 'µs' | 'ms' | 's'];
    return [{ value: Number(value[1]!.replaceAll('_', '')) * per, label: `${name} ${limit}` }];
  });
}

function phasesOf(record: RunRecord, span: number): object[] {
  const phases = record.phases.map(({ name, fromSeconds, toSeconds }) => ({
    from: fromSeconds,
    to: toSeconds,
    excluded: name !== 'measure',
  }));
  return phases.length > 0 ? phases : [{ from: 0, to: span, excluded: false }];
}

function faultsOf(record: RunRecord, span: number, width: number): object[] {
  const thinnest = (span / width) * 3;
  const faults = record.faults.map(({ kind, target, atSeconds, untilSeconds, confirmed }) => {
    const to = Math.min(span, Math.max(untilSeconds ?? span, atSeconds + thinnest));
    return {
      lane: kind,
      from: atSeconds,
      to,
      barOpacity: confirmed ? 0.9 : 0.35,
      bandOpacity: confirmed ? 0.22 : 0.08,
      label: confirmed ? target : `${target} (not confirmed)`,
    };
  });
  return faults.map((fault) => {
    const next = faults.filter((other) => other.lane === fault.lane && other.from > fault.from).map(({ from }) => from);
    const room = ((Math.min(span, ...next) - fault.to) / span) * width;
    return room > fault.label.length * LABEL_PIXELS + 8 ? fault : { ...fault, label: '' };
  });
}

function ratesOf(record: RunRecord): object[] {
  // After the load there is no target to reach.
  const loadEnds = record.phases.find(({ name }) => name === 'measure')?.toSeconds ?? Number.POSITIVE_INFINITY;
  return record.series.flatMap(({ t, target, sent, acked, consumed }) => {
    const rows = [
      { t, series: 'sent', value: sent },
      { t, series: 'acked', value: acked },
      { t, series: 'consumed', value: consumed },
    ];
    return target === undefined || t > loadEnds ? rows : [...rows, { t, series: 'target', value: target }];
  });
}

/** The faintest cell that a single sample leaves: to be seen on white and on black. */
const FAINTEST = 0.12;

/** Cells of a heat map. The logarithm of a count decides, for one slow record in a million is what people look for. */
function heatOf(record: RunRecord, name: 'publish' | 'endToEnd'): object[] {
  const { series } = record;
  const counts = series.flatMap((point) => (point[name]?.bins ?? []).map(([, count]) => count));
  const most = Math.log1p(counts.reduce((highest, count) => Math.max(highest, count), 0));
  return series.flatMap((point, index) => {
    const from = series[index - 1]?.t ?? 0;
    return (point[name]?.bins ?? []).map(([bin, count]) => ({
      from,
      to: point.t,
      low: Math.max(FLOOR_MS, 2 ** (bin / 4) / 1e6),
      high: Math.max(FLOOR_MS * 1.19, 2 ** ((bin + 1) / 4) / 1e6),
      share: FAINTEST + (1 - FAINTEST) * (Math.log1p(count) / most) ** 2,
    }));
  });
}

function overlayOf(record: RunRecord, against: RunRecord | undefined): object[] {
  if (against === undefined) return [];
  const rowsOf = (run: string, of: RunRecord) =>
    (of.spectra.publish ?? []).map(({ x, value }) => ({ run, x, value: Math.max(FLOOR_MS, value) }));
  return [...rowsOf('before', against), ...rowsOf('this run', record)];
}

const DRAWN = { p50: 0.5, p99: 0.99, 'p99.9': 0.999, max: null } as const;

/** A percentile of a second with fewer than ten samples beyond it is the maximum under another name: left out. */
export function latencyOf(t: number, point: LatencyPoint | undefined): { t: number; series: string; value: number }[] {
  if (point === undefined) return [];
  return Object.entries(DRAWN).flatMap(([series, quantile]) => {
    const value = point[series as keyof typeof DRAWN];
    const isGuess = quantile !== null && Math.round(point.count * (1 - quantile)) < SAMPLES_BEYOND_MIN;
    return value === undefined || isGuess ? [] : [{ t, series, value: Math.max(FLOOR_MS, value) }];
  });
}
