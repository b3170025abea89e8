import type { Server } from 'node:http';
import { type MetricFamily, OPENMETRICS_TYPE, openMetrics } from './openmetrics.ts';
import { otlpBody, otlpEndpoint, pushOtlp } from './otlp.ts';

const PUSH_EVERY_MS = 10_000;

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `GET /metrics` on a port of this host, in OpenMetrics text. Rejects when the port cannot be had. */
export async function serveMetrics(
  host: string,
  port: number,
  families: () => readonly MetricFamily[],
): Promise<MetricsServer> {
  // Only here: to import it costs every broker's start a tenth of its CPU (its exports bring all of `fetch` with them).
  const { createServer } = await import('node:http');
  const server: Server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' || (path !== '/metrics' && path !== '/')) {
      response.writeHead(path === '/metrics' || path === '/' ? 405 : 404).end();
      return;
    }
    response.writeHead(200, { 'content-type': OPENMETRICS_TYPE }).end(openMetrics(families()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  // Figures that nobody asks for any more keep no process alive.
  server.unref();
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface OtlpPusher {
  /** Pushes once more, then ends. */
  close(): Promise<void>;
}

/** Pushes to a collector every ten seconds. A push that fails is told once and tried again with the next figures. */
export function startOtlp(
  url: string,
  resource: Readonly<Record<string, string>>,
  families: () => readonly MetricFamily[],
  problem: (text: string) => void,
): OtlpPusher {
  const endpoint = otlpEndpoint(url);
  const fromMs = Date.now();
  let told = false;
  const push = async (): Promise<void> => {
    const failure = await pushOtlp(endpoint, otlpBody(families(), resource, fromMs, Date.now()));
    if (failure !== null && !told) problem(`metrics were not pushed: ${failure}`);
    told = failure !== null;
  };
  let pushing: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    pushing = pushing.then(push);
  }, PUSH_EVERY_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await pushing;
      await push();
    },
  };
}
