import { flushCompileCache } from 'node:module';
import { createMemoryDisk } from '../memory-disk.ts';
import { BrokerProbe } from './broker-telemetry.ts';
import { ProcessTelemetry } from './process-telemetry.ts';
import { type RunningBroker, type ServeOptions, serve } from './serve.ts';
import { showBroker } from './show-broker.ts';

/**
 * The broker of serve-process.ts. Prints `ready PORT` once it answers; SIGTERM stops it in order. It ends too when its
 * standard input ends, so that it does not outlive whoever started it, however that one died.
 */
interface ProcessOptions extends Omit<ServeOptions, 'disk'> {
  readonly memory?: boolean;
  /** A line `telemetry {…}` on standard output, a BrokerPoint: each second, and at whatever comes on standard input. */
  readonly telemetry?: boolean;
  /** OpenMetrics on this port of the loopback address. */
  readonly metricsPort?: number;
  readonly otlp?: string;
}

const text = process.argv[2];
if (text === undefined) throw new Error('expected the options of serve() as JSON');
const { memory, telemetry, metricsPort, otlp, ...options } = JSON.parse(text) as ProcessOptions;
let broker: RunningBroker;
try {
  broker = await serve({
    ...options,
    ...(memory === true ? { disk: createMemoryDisk({ wallMs: () => Date.now() }) } : {}),
  });
} catch (error) {
  process.stderr.write(`the broker did not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

const measured = telemetry === true ? new ProcessTelemetry() : null;
const sinks = { ...(metricsPort === undefined ? {} : { port: metricsPort }), ...(otlp === undefined ? {} : { otlp }) };
let shown: { close(): Promise<void> };
try {
  shown = await showBroker(broker.broker, broker.host, sinks, measured);
} catch (error) {
  process.stderr.write(`no metrics: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
if (measured !== null) {
  const probe = new BrokerProbe(broker.broker, measured);
  const tell = (): void => {
    process.stdout.write(`telemetry ${JSON.stringify(probe.next())}\n`);
  };
  setInterval(tell, 1000).unref();
  process.stdin.on('data', tell);
}

let stopping = false;
const stop = (): void => {
  if (stopping) return;
  stopping = true;
  shown
    .close()
    .then(() => broker.close())
    .then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`the stop failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.stdin.on('end', stop);
process.stdin.on('error', stop);
process.stdin.resume();
process.stdout.write(`ready ${broker.port}\n`);
// Most brokers are killed, and an end is the only other time when the cache is written.
flushCompileCache();
