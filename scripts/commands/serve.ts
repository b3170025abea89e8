import { flushCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { supportedFeatures } from '../../core/controller/index.ts';
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
  feature: string[];
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
    .option(
      '--feature <name=level>',
      'level of a feature in a new cluster; may be repeated. kraft.version=1: the voters stand in the metadata log, each with its disk (KIP-853), and the controllers take the ports after the brokers; give it at every start',
      collect,
      [],
    )
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .option('--metrics-port <n>', 'OpenMetrics under /metrics on this port; several brokers: N, N+1, …')
    .option('--otlp <url>', 'push the same to a collector every ten seconds, OTLP over HTTP')
    .addHelpText(
      'after',
      '\nExamples:\n  bench serve --memory --port 9092 --config auto.create.topics.enable=false\n  bench serve --port 9092 --metrics-port 9400 --otlp http://localhost:4318\n  bench serve --brokers 3 --data cluster --feature kraft.version=1',
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
  const features = parseFeatures(options.feature);
  const votersInLog = features['kraft.version'] === 1;
  const ports = votersInLog ? 2 * brokers : brokers;
  if (port + ports - 1 > 65535) {
    throw new CommandError(EXIT.badWorkload, `--port ${options.port}: ${ports} ports are needed from there on`);
  }
  if (votersInLog && port === 0 && options.data !== undefined) {
    throw new CommandError(
      EXIT.badWorkload,
      '--port 0: with kraft.version=1 the log in --data names the ports of the controllers, which must be the same at the next start',
    );
  }
  const served = await start({ brokers, port, directory, features }, options).catch((error: unknown) => {
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

interface Place {
  readonly brokers: number;
  readonly port: number;
  /** Null: in memory. */
  readonly directory: string | null;
  readonly features: Readonly<Record<string, number>>;
}

/**
 * One broker runs in this process; several are processes of their own, as they would be on machines of their own. So is
 * one that others may join, with its voters in the log.
 */
async function start(place: Place, options: ServeOptions): Promise<Served> {
  const { brokers, port, directory, features } = place;
  const { host, logLevel } = options;
  const votersInLog = features['kraft.version'] === 1;
  const config = parseConfig(options.config);
  const sinks = metricsSinks(options) ?? {};
  const { port: metricsPort, otlp } = sinks;
  if (brokers > 1 || votersInLog) {
    const from = (first: number): number[] => Array.from({ length: brokers }, (_, index) => first + index);
    const fixed = votersInLog ? { controllerPorts: from(port + brokers) } : {};
    const ports = port === 0 ? {} : { ports: from(port), ...fixed };
    const shown = { ...(metricsPort === undefined ? {} : { metricsPort }), ...(otlp === undefined ? {} : { otlp }) };
    const cluster = await LocalCluster.start({
      brokers,
      racks: [],
      directory,
      host,
      config,
      features,
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
    features,
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

export function parseFeatures(settings: readonly string[]): Record<string, number> {
  const features: Record<string, number> = {};
  for (const setting of settings) {
    const [, name, level] = /^([a-z.]+)=(\d+)$/.exec(setting) ?? [];
    const known = supportedFeatures.find((feature) => feature.name === name);
    if (known === undefined) {
      const names = supportedFeatures.map((feature) => feature.name).join(', ');
      throw new CommandError(EXIT.badWorkload, `--feature ${setting}: expected name=level, the name one of ${names}`);
    }
    if (Number(level) < known.min || Number(level) > known.max) {
      throw new CommandError(EXIT.badWorkload, `--feature ${setting}: expected a level of ${known.min} … ${known.max}`);
    }
    features[known.name] = Number(level);
  }
  return features;
}
