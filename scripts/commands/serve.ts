import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { createMemoryDisk } from '../../core/memory-disk.ts';
import { type LogLevel, serve, showBroker } from '../../core/node/index.ts';
import { EXIT } from '../../reports/run-record.ts';
import { LocalCluster } from '../../workloads/live/local-cluster.ts';
import { CommandError } from '../exit.ts';
import { metricsSinks } from '../metrics-sinks.ts';

interface ServeOptions {
  brokers: string;
  data?: string;
  memory?: boolean;
  port: string;
  host: string;
  config: string[];
  logLevel: LogLevel;
  metricsPort?: string;
  otlp?: string;
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('Run a Kafka-compatible broker to develop against; prints `ready HOST:PORT` once it answers.')
    .option('--brokers <n>', 'brokers on ports N, N+1, …; more than one are processes of their own', '1')
    .option(
      '--data <dir>',
      "log directory, Kafka's own format (several brokers: a folder for each in it); default a temporary one",
    )
    .option('--memory', 'keep everything in memory; nothing outlives the process')
    .option('--port <n>', 'port of the first broker; 0 takes a free one', '9092')
    .option('--host <host>', 'address to listen on and to advertise', 'localhost')
    .option('--config <name=value>', "a broker setting by Kafka's name; may be repeated", collect, [])
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .option('--metrics-port <n>', 'OpenMetrics under /metrics on this port; several brokers: N, N+1, …')
    .option('--otlp <url>', 'push the same to a collector every ten seconds, OTLP over HTTP')
    .addHelpText(
      'after',
      '\nExamples:\n  bench serve --memory --port 9092 --config auto.create.topics.enable=false\n  bench serve --port 9092 --metrics-port 9400 --otlp http://localhost:4318',
    )
    .action(runServe);
}

async function runServe(options: ServeOptions): Promise<void> {
  const brokers = Number(options.brokers);
  if (!Number.isInteger(brokers) || brokers < 1) {
    throw new CommandError(EXIT.badWorkload, `--brokers ${options.brokers}: expected a whole number of at least 1`);
  }
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port + brokers - 1 > 65535) {
    throw new CommandError(EXIT.badWorkload, `--port ${options.port}: expected 0 … ${65536 - brokers}`);
  }
  if (options.memory === true && options.data !== undefined) {
    throw new CommandError(EXIT.badWorkload, '--memory and --data exclude each other');
  }
  const data = resolve(options.data ?? join(tmpdir(), `faultline-serve-${process.pid}`));
  const directory = options.memory === true ? null : data;
  const served = await start(brokers, port, directory, options).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError(EXIT.runFailed, `the ${brokers === 1 ? 'broker' : 'brokers'} did not start: ${message}`);
  });
  const stopped = untilStopped(() => served.close());
  process.stdout.write(`ready ${served.bootstrap.join(',')}\n`);
  if (process.stdout.isTTY) {
    const where = directory === null ? 'in memory' : `in ${data}`;
    process.stderr.write(`${brokers} broker${brokers === 1 ? '' : 's'}, data ${where}; Ctrl-C stops\n`);
  }
  // A server may be killed, and an end is the only other time when the cache is written.
  flushCompileCache();
  await stopped;
}

interface Served {
  readonly bootstrap: readonly string[];
  close(): Promise<void>;
}

/** One broker runs in this process; several are processes of their own, as they would be on machines of their own. */
async function start(brokers: number, port: number, directory: string | null, options: ServeOptions): Promise<Served> {
  const { host, logLevel } = options;
  const config = parseConfig(options.config);
  const sinks = metricsSinks(options) ?? {};
  const { port: metricsPort, otlp } = sinks;
  if (brokers > 1) {
    const ports = port === 0 ? {} : { ports: Array.from({ length: brokers }, (_, index) => port + index) };
    const shown = { ...(metricsPort === undefined ? {} : { metricsPort }), ...(otlp === undefined ? {} : { otlp }) };
    const cluster = await LocalCluster.start({
      brokers,
      racks: [],
      directory,
      host,
      config,
      logLevel,
      ...ports,
      ...shown,
    });
    for (const broker of cluster.brokers) {
      broker.onLine = (line) => process.stderr.write(`broker ${broker.options.nodeId}: ${line}\n`);
    }
    return cluster;
  }
  const broker = await serve({
    nodeId: 1,
    listen: { host, port },
    logDirs: [directory ?? '/data'],
    config: { 'group.initial.rebalance.delay.ms': '0', ...config },
    logLevel,
    ...(directory === null ? { disk: createMemoryDisk({ wallMs: () => Date.now() }) } : {}),
  });
  const shown = await showBroker(broker.broker, host, sinks).catch(async (error: unknown) => {
    await broker.close();
    throw error;
  });
  return { bootstrap: [`${host}:${broker.port}`], close: () => shown.close().then(() => broker.close()) };
}

/** Resolves when the stop that the first signal asks for is done; a second signal ends the process at once. */
function untilStopped(close: () => Promise<void>): Promise<void> {
  return new Promise((done) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(130);
      stopping = true;
      close().then(done, (error: unknown) => {
        process.stderr.write(`bench serve: the stop failed: ${String(error)}\n`);
        process.exitCode = EXIT.runFailed;
        done();
      });
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

export function parseConfig(settings: readonly string[]): Record<string, string> {
  const config: Record<string, string> = {};
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    if (equals < 1) throw new CommandError(EXIT.badWorkload, `--config ${setting}: expected name=value`);
    config[setting.slice(0, equals).trim()] = setting.slice(equals + 1);
  }
  return config;
}
