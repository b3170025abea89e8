import type { MetricFamily, MetricSample } from './openmetrics.ts';

const PUSH_TIMEOUT_MS = 5_000;
const CUMULATIVE = 2;

/** The body of an OTLP/HTTP export in JSON: ExportMetricsServiceRequest. Times are milliseconds since the epoch. */
export function otlpBody(
  families: readonly MetricFamily[],
  resource: Readonly<Record<string, string>>,
  fromMs: number,
  nowMs: number,
): object {
  const times = { startTimeUnixNano: `${Math.round(fromMs)}000000`, timeUnixNano: `${Math.round(nowMs)}000000` };
  const metrics = families
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, unit, samples }) => {
      const numbers = samples.map((sample) => ({
        attributes: attributes(sample.labels),
        ...times,
        asDouble: sample.value,
      }));
      const common = { name, description: help, unit: unit === 'seconds' ? 's' : unit === 'bytes' ? 'By' : '1' };
      if (type === 'gauge') return { ...common, gauge: { dataPoints: numbers } };
      if (type === 'counter')
        return { ...common, sum: { dataPoints: numbers, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
      return { ...common, summary: { dataPoints: samples.map((sample) => ({ ...times, ...summaryPoint(sample) })) } };
    });
  const scope = { name: 'faultline' };
  return { resourceMetrics: [{ resource: { attributes: attributes(resource) }, scopeMetrics: [{ scope, metrics }] }] };
}

function summaryPoint({ labels, value, quantiles = [], count = 0 }: MetricSample): object {
  const quantileValues = quantiles.map(([quantile, at]) => ({ quantile, value: at }));
  return { attributes: attributes(labels), count: String(count), sum: value, quantileValues };
}

function attributes(labels: Readonly<Record<string, string>> = {}): object[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

/** `http://collector:4318` → `http://collector:4318/v1/metrics`; a URL with a path of its own is taken as it is. */
export function otlpEndpoint(url: string): string {
  const parsed = new URL(url);
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')
    throw new Error(`${url}: expected http:// or https://`);
  if (parsed.pathname === '/') parsed.pathname = '/v1/metrics';
  return parsed.href;
}

/** Resolves null when the collector took it, else why not; never rejects, and never takes longer than five seconds. */
export async function pushOtlp(endpoint: string, body: object): Promise<string | null> {
  try {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(PUSH_TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.ok ? null : `${endpoint} answered ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return `${endpoint}: ${cause}`;
  }
}
