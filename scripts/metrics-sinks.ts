import { otlpEndpoint } from '../core/node/index.ts';
import { EXIT } from '../reports/run-record.ts';
import { CommandError } from './exit.ts';

/** `--metrics-port` and `--otlp`; null without either. @throws CommandError 20 */
export function metricsSinks(flags: {
  readonly metricsPort?: string;
  readonly otlp?: string;
}): { readonly port?: number; readonly otlp?: string } | null {
  const { metricsPort, otlp } = flags;
  if (metricsPort === undefined && otlp === undefined) return null;
  const port = Number(metricsPort ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new CommandError(EXIT.badWorkload, `--metrics-port ${metricsPort}: expected 0 … 65535`);
  }
  if (otlp !== undefined) {
    try {
      otlpEndpoint(otlp);
    } catch {
      throw new CommandError(EXIT.badWorkload, `--otlp ${otlp}: expected a URL such as http://localhost:4318`);
    }
  }
  return { ...(metricsPort === undefined ? {} : { port }), ...(otlp === undefined ? {} : { otlp }) };
}
