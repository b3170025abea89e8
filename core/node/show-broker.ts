import type { Broker } from '../broker/index.ts';
import { brokerFamilies } from './broker-metrics.ts';
import { serveMetrics, startOtlp } from './metrics-server.ts';
import type { MetricFamily } from './openmetrics.ts';
import { ProcessTelemetry } from './process-telemetry.ts';

/** A broker's figures and its process', where they are asked for; null starts no measuring. `close` pushes a last time. */
export async function showBroker(
  broker: Broker,
  host: string,
  sinks: { readonly port?: number; readonly otlp?: string },
  thread: ProcessTelemetry | null = null,
): Promise<{ readonly port: number | null; close(): Promise<void> }> {
  if (sinks.port === undefined && sinks.otlp === undefined) return { port: null, async close() {} };
  const measured = thread ?? new ProcessTelemetry();
  const families = (): MetricFamily[] => [...brokerFamilies(broker), ...measured.families()];
  const resource = { 'service.name': 'faultline-broker', 'service.instance.id': String(broker.nodeId) };
  const tell = (text: string): void => void process.stderr.write(`${text}\n`);
  const server = sinks.port === undefined ? null : await serveMetrics(host, sinks.port, families);
  const pusher = sinks.otlp === undefined ? null : startOtlp(sinks.otlp, resource, families, tell);
  return {
    port: server?.port ?? null,
    async close() {
      await pusher?.close();
      await server?.close();
      if (thread === null) measured.stop();
    },
  };
}
