/** One metric with its samples, as OpenMetrics has it. Names are Kafka's where Kafka has the metric. */
export interface MetricFamily {
  /** Without `_total`: a counter's sample gets it when it is written. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  /** The end of the name then, as OpenMetrics demands: `seconds`, `bytes`. */
  readonly unit?: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a summary: quantile (0 … 1) → value; `value` is then the sum. */
  readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
  readonly count?: number;
}

export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** The exposition format of OpenMetrics 1.0. Families without a sample are left out. */
export function openMetrics(families: readonly MetricFamily[]): string {
  const lines: string[] = [];
  for (const { name, type, help, unit, samples } of families) {
    if (samples.length === 0) continue;
    lines.push(`# TYPE ${name} ${type}`);
    if (unit !== undefined) lines.push(`# UNIT ${name} ${unit}`);
    lines.push(`# HELP ${name} ${escaped(help)}`);
    for (const { labels = {}, value, quantiles = [], count } of samples) {
      if (type !== 'summary') {
        lines.push(`${name}${type === 'counter' ? '_total' : ''}${braced(labels)} ${numeral(value)}`);
        continue;
      }
      for (const [quantile, at] of quantiles)
        lines.push(`${name}${braced({ ...labels, quantile: String(quantile) })} ${numeral(at)}`);
      lines.push(`${name}_count${braced(labels)} ${numeral(count ?? 0)}`);
      lines.push(`${name}_sum${braced(labels)} ${numeral(value)}`);
    }
  }
  lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function braced(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numeral(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
