import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Finished, runCommand, stopProcess, waitForLine } from './process.ts';

/**
 * Apache Kafka 4.3.1 and its command-line tools, from Maven Central: the reference that our broker is compared with, and
 * the client that must work against it. Needs Java 17 and Maven. `KAFKA_PEER_HOME` says where the jars live.
 */
const home = process.env.KAFKA_PEER_HOME ?? join(tmpdir(), 'faultline-apache-kafka');
const jars = join(home, 'libs');
const done = join(jars, '.complete');

/** Fetches the jars once (about 130 MB). */
export async function installKafka(): Promise<void> {
  if (existsSync(done) || existsSync(join(jars, '.done'))) return;
  mkdirSync(home, { recursive: true });
  copyFileSync(fileURLToPath(new URL('kafka-pom.xml', import.meta.url)), join(home, 'pom.xml'));
  const pom = join(home, 'pom.xml');
  const args = ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`];
  const result = await runCommand('mvn', args, { timeoutMs: 600_000 });
  if (result.code !== 0) throw new Error(`mvn could not fetch Kafka's jars:\n${result.stdout}${result.stderr}`);
  writeFileSync(done, '');
}

const RESTART_MS = 180_000;

function javaArguments(heap: string, className: string, args: readonly string[]): string[] {
  return [`-Xmx${heap}`, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', join(jars, '*'), className, ...args];
}

const packages: Record<string, string> = {
  StorageTool: 'kafka.tools.StorageTool',
  ConfigCommand: 'kafka.admin.ConfigCommand',
  ConsumerGroupCommand: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  ReassignPartitionsCommand: 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  ConsoleConsumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
};

/** The command line of one of Kafka's tools, by its class name without the package. */
export function kafkaCommand(name: string, args: readonly string[]): string[] {
  return ['java', ...javaArguments('512m', packages[name] ?? `org.apache.kafka.tools.${name}`, args)];
}

/** Runs one of Kafka's tools by its class name, without the package. */
export function kafkaTool(
  name: string,
  args: readonly string[],
  options: { timeoutMs?: number; input?: string } = {},
): Promise<Finished> {
  const [program, ...words] = kafkaCommand(name, args);
  return runCommand(program!, words, { timeoutMs: 60_000, ...options });
}

/** The process of one node, by its properties file; its directories were formatted. */
export function launchKafka(propertiesFile: string): ChildProcess {
  const flags = ['-Xmx1g', '-server', '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-cp', join(jars, '*')];
  return spawn('java', [...flags, 'kafka.Kafka', propertiesFile], { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A listener besides the brokers' own PLAINTEXT one; its settings go into `config` as listener.name.<name>.… */
export interface ExtraListener {
  /** In capitals. */
  readonly name: string;
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';
}

export interface KafkaCluster extends AsyncDisposable {
  readonly bootstrap: string;
  /** Where the extra listeners are, by their names. */
  readonly listeners: ReadonlyMap<string, string>;
  /** Of those that run. */
  readonly pids: readonly number[];
  /** From process start to "started", the slowest broker, milliseconds; formatting is not in it. */
  readonly startMs: number;
  /** Sends a signal to a broker (0 …). */
  signal(broker: number, signal: NodeJS.Signals): void;
  /** Starts a broker again that has ended, with the data that it left. Resolves when it says "started". */
  restart(broker: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts brokers that are controllers too, on free loopback ports, with their data in a temporary folder. */
export async function startKafka(
  options: {
    brokers?: number;
    config?: Record<string, string>;
    listeners?: readonly ExtraListener[];
    /** For `StorageTool format`, such as --add-scram. */
    format?: readonly string[];
  } = {},
): Promise<KafkaCluster> {
  await installKafka();
  const count = options.brokers ?? 1;
  const folder = mkdtempSync(join(tmpdir(), 'faultline-kafka-'));
  const extra = options.listeners ?? [];
  const ports = await freePorts(count * (2 + extra.length));
  const extraAt = (index: number) =>
    extra.map(({ name }, which) => `${name}://localhost:${ports[count * (2 + which) + index]}`);
  const protocols = [
    { name: 'PLAINTEXT', protocol: 'PLAINTEXT' },
    { name: 'CONTROLLER', protocol: 'PLAINTEXT' },
    ...extra,
  ];
  const voters = Array.from({ length: count }, (_, index) => `${index + 1}@localhost:${ports[count + index]}`).join(
    ',',
  );
  const identity = await runCommand('java', javaArguments('128m', 'kafka.tools.StorageTool', ['random-uuid']));
  const clusterId = identity.stdout.trim().split('\n').at(-1)!;
  const files: string[] = [];
  for (let index = 0; index < count; index++) {
    const settings: Record<string, string> = {
      'process.roles': 'broker,controller',
      'node.id': String(index + 1),
      'controller.quorum.voters': voters,
      listeners: [
        `PLAINTEXT://localhost:${ports[index]}`,
        `CONTROLLER://localhost:${ports[count + index]}`,
        ...extraAt(index),
      ].join(','),
      'advertised.listeners': [`PLAINTEXT://localhost:${ports[index]}`, ...extraAt(index)].join(','),
      'listener.security.protocol.map': protocols.map(({ name, protocol }) => `${name}:${protocol}`).join(','),
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': join(folder, `data-${index + 1}`),
      'offsets.topic.replication.factor': String(count),
      'transaction.state.log.replication.factor': String(count),
      'transaction.state.log.min.isr': String(Math.floor((count + 1) / 2)),
      'share.coordinator.state.topic.replication.factor': String(count),
      'share.coordinator.state.topic.min.isr': String(Math.floor((count + 1) / 2)),
      'group.initial.rebalance.delay.ms': '0',
      ...options.config,
    };
    const file = join(folder, `${index + 1}.properties`);
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const format = javaArguments('256m', 'kafka.tools.StorageTool', [
      'format',
      '-t',
      clusterId,
      '-c',
      file,
      ...(options.format ?? []),
    ]);
    const formatted = await runCommand('java', format, { timeoutMs: 60_000 });
    if (formatted.code !== 0)
      throw new Error(`Kafka's storage was not formatted: ${formatted.stdout}${formatted.stderr}`);
    files.push(file);
  }
  const startedAt = performance.now();
  const children: ChildProcess[] = files.map(launchKafka);
  const stop = async (): Promise<void> => {
    await Promise.all(children.map((child) => stopProcess(child, 3000)));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(children.map((child) => waitForLine(child, /Kafka Server started/, 60_000)));
  } catch (error) {
    await stop();
    throw error;
  }
  const startMs = performance.now() - startedAt;
  const bootstrapAt = (from: number): string =>
    ports
      .slice(from, from + count)
      .map((port) => `localhost:${port}`)
      .join(',');
  return {
    bootstrap: bootstrapAt(0),
    listeners: new Map(extra.map(({ name }, which) => [name, bootstrapAt(count * (2 + which))])),
    get pids() {
      return children.flatMap(({ pid, exitCode, signalCode }) =>
        pid === undefined || exitCode !== null || signalCode !== null ? [] : [pid],
      );
    },
    startMs,
    restart: async (broker) => {
      children[broker] = launchKafka(files[broker]!);
      // It loads every log first: 1,500 of them took a minute on a busy machine.
      await waitForLine(children[broker], /Kafka Server started/, RESTART_MS);
    },
    signal: (broker, signal) => {
      children[broker]!.kill(signal);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
