import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { createMemoryDisk } from '../../core/memory-disk.ts';
import { type RunningBroker, serve } from '../../core/node/index.ts';
import { EXIT } from '../../reports/run-record.ts';
import { CommandError } from '../exit.ts';

interface ServeOptions {
  brokers: string;
  data?: string;
  memory?: boolean;
  port: string;
  host: string;
  config: string[];
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const collect = (value: string, all: string[]): string[] => [...all, value];

export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('Run a Kafka-compatible broker to develop against; prints `ready HOST:PORT` once it answers.')
    .option('--brokers <n>', 'brokers, on ports N, N+1, …', '1')
    .option(
      '--data <dir>',
      "keep the logs here (Kafka's own format); default a folder under the system's temporary one",
    )
    .option('--memory', 'keep everything in memory; nothing outlives the process')
    .option('--port <n>', 'port of the first broker; 0 takes a free one', '9092')
    .option('--host <host>', 'address to listen on and to advertise', 'localhost')
    .option('--config <name=value>', "a broker setting by Kafka's name; may be repeated", collect, [])
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .addHelpText('after', '\nExample:\n  bench serve --memory --port 9092 --config auto.create.topics.enable=false')
    .action(runServe);
}

async function runServe(options: ServeOptions): Promise<void> {
  const brokers = Number(options.brokers);
  if (!Number.isInteger(brokers) || brokers < 1) {
    throw new CommandError(EXIT.badWorkload, `--brokers ${options.brokers}: expected a whole number of at least 1`);
  }
  if (brokers > 1) throw new CommandError(EXIT.badWorkload, '--brokers: more than one broker is not possible yet');
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new CommandError(EXIT.badWorkload, `--port ${options.port}: expected 0 … 65535`);
  }
  if (options.memory === true && options.data !== undefined) {
    throw new CommandError(EXIT.badWorkload, '--memory and --data exclude each other');
  }
  const data = resolve(options.data ?? join(tmpdir(), `faultline-serve-${process.pid}`));
  if (options.memory !== true && !existsSync(data)) mkdirSync(data, { recursive: true });
  let broker: RunningBroker;
  try {
    broker = await serve({
      nodeId: 1,
      listen: { host: options.host, port },
      logDirs: options.memory === true ? ['/data'] : [data],
      config: { 'group.initial.rebalance.delay.ms': '0', ...parseConfig(options.config) },
      logLevel: options.logLevel,
      ...(options.memory === true ? { disk: createMemoryDisk({ wallMs: () => Date.now() }) } : {}),
    });
  } catch (error) {
    throw new CommandError(
      EXIT.runFailed,
      `the broker did not start: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  process.stdout.write(`ready ${options.host}:${broker.port}\n`);
  if (process.stdout.isTTY) {
    const where = options.memory === true ? 'in memory' : `in ${data}`;
    process.stderr.write(`1 broker, data ${where}; Ctrl-C stops it\n`);
  }
  await new Promise<void>((done) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) process.exit(130);
      stopping = true;
      broker.close().then(done, (error: unknown) => {
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
