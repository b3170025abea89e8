import { isMap } from 'yaml';
import { quote } from './diagnostics.ts';
import { nearest } from './nearest.ts';
import { entriesOf } from './object-schema.ts';
import { below, oneOfWords, type Place, report, reportExpected, type Schema, textOf, word } from './schema.ts';
import { formatMs, parseBytesPerSecond, parseDurationMs, parseRatePerSecond, type Quantity } from './units.ts';
import type {
  Expectation,
  LatencyMetric,
  LatencyStatistic,
  MetricExpectation,
  ThroughputStatistic,
} from './workload.ts';

const LATENCIES: readonly LatencyMetric[] = ['publish', 'publishService', 'endToEnd', 'commit', 'transaction', 'fetch'];
const STATISTICS: readonly LatencyStatistic[] = [
  'min',
  'mean',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
  'p99.9',
  'p99.99',
  'max',
];
const THROUGHPUTS: readonly ThroughputStatistic[] = ['sent', 'acked', 'consumed', 'bytes'];

/** Every name that may stand before the colon. */
export const EXPECTATION_NAMES: readonly string[] = [
  'durability',
  'throughput',
  ...THROUGHPUTS.map((statistic) => `throughput.${statistic}`),
  ...LATENCIES.flatMap((metric) => STATISTICS.map((statistic) => `${metric}.${statistic}`)),
];

/** "throughput" alone means acknowledged records. */
function measured(name: string): Pick<MetricExpectation, 'metric' | 'statistic' | 'unit'> {
  const dot = name.indexOf('.');
  const metric = dot < 0 ? name : name.slice(0, dot);
  if (metric !== 'throughput') {
    return { metric: metric as LatencyMetric, statistic: name.slice(dot + 1) as LatencyStatistic, unit: 'ms' };
  }
  const statistic = dot < 0 ? 'acked' : (name.slice(dot + 1) as ThroughputStatistic);
  return { metric: 'throughput', statistic, unit: statistic === 'bytes' ? 'bytes/s' : 'records/s' };
}

const UNITS: { readonly [U in MetricExpectation['unit']]: { parse: (text: string) => Quantity; example: string } } = {
  ms: { parse: parseDurationMs, example: '< 20ms' },
  'records/s': { parse: parseRatePerSecond, example: '>= 19_500/s' },
  'bytes/s': { parse: parseBytesPerSecond, example: '>= 10MiB/s' },
};

function readLimit(name: string, place: Place): MetricExpectation | undefined {
  const { metric, statistic, unit } = measured(name);
  const { parse, example } = UNITS[unit];
  const text = textOf(place.node);
  const expected = `a comparison with its unit, such as "${example}"`;
  const parts = text === undefined ? null : /^ *(<=|>=|<|>|) *(.*)$/.exec(text);
  if (parts === null) return reportExpected(place, 'type', expected);
  const limit = parse(parts[2]!);
  const comparison = parts[1]!;
  if (comparison === '')
    return reportExpected(place, 'value', expected, limit.ok ? `${example.split(' ')[0]} ${text!.trim()}` : null);
  if (!limit.ok) {
    return reportExpected(
      place,
      limit.kind,
      expected,
      limit.suggestion === null ? null : `${comparison} ${limit.suggestion}`,
    );
  }
  return {
    kind: 'metric',
    name,
    metric,
    statistic,
    comparison: comparison as MetricExpectation['comparison'],
    limit: limit.value,
    unit,
    text: formatLimit(comparison, limit.value, unit),
  };
}

function formatLimit(comparison: string, limit: number, unit: MetricExpectation['unit']): string {
  const amount = unit === 'ms' ? formatMs(limit) : unit === 'records/s' ? `${limit}/s` : `${limit}B/s`;
  return `${comparison} ${amount}`;
}

const durability = word('pass', 'allowed');

export const expectations: Schema<readonly Expectation[]> = {
  expected: 'a map of thresholds such as { durability: pass, publish.p99: "< 20ms" }',
  get json() {
    const limit = (unit: MetricExpectation['unit']) => ({
      type: 'string',
      pattern: '^ *(<=|>=|<|>) *[0-9].*$',
      description: `For example "${UNITS[unit].example}".`,
    });
    const properties = EXPECTATION_NAMES.map((name) => [
      name,
      name === 'durability' ? durability.json : limit(measured(name).unit),
    ]);
    return { type: 'object', additionalProperties: false, properties: Object.fromEntries(properties) };
  },
  read(place) {
    if (!isMap(place.node)) return reportExpected(place, 'type', this.expected);
    const found: Expectation[] = [];
    for (const { key, keyNode, value } of entriesOf(place, place.node)) {
      const at = below(place, value, key);
      if (!EXPECTATION_NAMES.includes(key)) {
        if (at.source.full) return undefined;
        report(
          { ...at, node: keyNode },
          'unknown-key',
          `unknown threshold ${quote(key)} in ${place.path}${offer(key)}`,
          nearest(key, EXPECTATION_NAMES),
        );
      } else if (key === 'durability') {
        const worst = durability.read(at);
        if (worst !== undefined) found.push({ kind: 'durability', name: 'durability', worst });
      } else {
        const limit = readLimit(key, at);
        if (limit !== undefined) found.push(limit);
      }
    }
    return found;
  },
};

function offer(key: string): string {
  if (nearest(key, EXPECTATION_NAMES) !== null) return '';
  return `; expected durability, throughput, or ${oneOfWords(LATENCIES)} with ${oneOfWords(STATISTICS)}`;
}
