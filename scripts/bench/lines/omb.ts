import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunRecord } from '../../../reports/run-record.ts';
import { childRun } from '../../child-run.ts';
import { packageRoot } from '../../package.ts';
import { type ArmCluster, Arms, armsFigure, type Sample } from '../arms.ts';
import type { Context, Figure, Line } from '../figure.ts';
import { consumeAll, produceLoad } from '../kafka-tools.ts';
import { abba } from '../statistics.ts';

/*
 * One load, two instruments: OpenMessaging Benchmark's files as `bench run` reads them, and Kafka's own tools, in turns
 * against one broker. What is measured is the same, so the figures have to be.
 */
const RATE = 20_000;
const RECORD_BYTES = 1024;
const CLIENT = { 'linger.ms': '1', 'batch.size': '1048576' } as const;

/** In their own form: minutes are whole there, so the run is cut to seconds on the command line, as a person would. */
const WORKLOAD = `name: 1 topic / 6 partitions / 1Kb
topics: 1
partitionsPerTopic: 6
messageSize: ${RECORD_BYTES}
useRandomizedPayloads: true
randomBytesRatio: 1.0
randomizedPayloadPoolSize: 1000
subscriptionsPerTopic: 1
consumerPerSubscription: 1
producersPerTopic: 1
producerRate: ${RATE}
consumerBacklogSizeGB: 0
testDurationMinutes: 1
`;
const driver = (bootstrap: string): string => `name: Kafka
driverClass: io.openmessaging.benchmark.driver.kafka.KafkaBenchmarkDriver
replicationFactor: 1
topicConfig: |
  min.insync.replicas=1
commonConfig: |
  bootstrap.servers=${bootstrap}
producerConfig: |
  acks=all
${Object.entries(CLIENT)
  .map(([name, value]) => `  ${name}=${value}`)
  .join('\n')}
consumerConfig: |
  auto.offset.reset=earliest
  enable.auto.commit=false
  max.partition.fetch.bytes=10485760
`;

async function oursOnce(context: Context, cluster: ArmCluster, seconds: number): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), 'faultline-omb-'));
  try {
    const [file, driverFile] = [join(folder, 'workload.yaml'), join(folder, 'driver.yaml')];
    await writeFile(file, WORKLOAD);
    await writeFile(driverFile, driver(cluster.bootstrap));
    const record: RunRecord = await childRun({
      bench: join(packageRoot, 'scripts', 'bench.js'),
      file,
      flags: [
        ...['--driver', driverFile, '--target', 'kafka', '--bootstrap', cluster.bootstrap],
        ...['--set', 'phases.warmup=2s', '--set', `phases.measure=${seconds}s`],
      ],
      env: { FAULTLINE_PAIR: '' },
      signal: context.signal,
      label: 'bench run of the OpenMessaging Benchmark file',
    });
    const { service, publish, throughput } = record.metrics;
    if (service === undefined || publish === undefined) throw new Error(`no latency: ${record.verdict.sentence}`);
    context.progress(
      `bench run: publish from the intended time p50 ${publish.p50} p99 ${publish.p99} ms, the generator ${record.generator?.state}; ${record.verdict.sentence}`,
    );
    return {
      rate: throughput.acked,
      consumed: throughput.consumed,
      p50Ms: service.p50!,
      p95Ms: service.p95!,
      p99Ms: service.p99!,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function theirsOnce(arms: Arms, cluster: ArmCluster, seconds: number): Promise<Sample> {
  return arms.withTopic(cluster, async (topic) => {
    const warmUpRecords = 2 * RATE;
    const records = RATE * seconds + warmUpRecords;
    const load = { records, recordBytes: RECORD_BYTES, rate: RATE, warmUpRecords, client: CLIENT };
    // Both at a time, as in the file.
    const [{ steady }, consumed] = await Promise.all([
      produceLoad(cluster.bootstrap, topic, load),
      consumeAll(cluster.bootstrap, topic, records),
    ]);
    const { recordsPerSecond, p50Ms, p95Ms, p99Ms } = steady!;
    return { rate: recordsPerSecond, consumed: consumed.recordsPerSecond, p50Ms, p95Ms, p99Ms };
  });
}

async function run(context: Context): Promise<Figure[]> {
  await using arms = await Arms.start(context, 1);
  const cluster = arms.theirs ?? arms.ours;
  const seconds = context.quick ? 5 : 20;
  const samples: Record<'ours' | 'theirs', Sample[]> = { ours: [], theirs: [] };
  for (const [index, arm] of abba(context.pairs).entries()) {
    context.signal.throwIfAborted();
    const sample =
      arm === 'ours' ? await oursOnce(context, cluster, seconds) : await theirsOnce(arms, cluster, seconds);
    const shown = Object.entries(sample).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`);
    const what = arm === 'ours' ? 'bench run' : "Kafka's tools";
    context.progress(`pair ${(index >> 1) + 1} of ${context.pairs}, ${what}: ${shown.join('  ')}`);
    samples[arm].push(sample);
  }
  const on = arms.theirs === null ? 'our broker' : 'Apache Kafka';
  const note = `bench run beside Kafka's own tools, both against ${on}; from the send to the acknowledgement`;
  const latency = { unit: 'ms', target: null, floor: 1, note };
  return [
    armsFigure(samples, ({ rate }) => rate!, {
      name: 'omb-tools.rate',
      title: `${RATE / 1000} k/s of 1 KiB as OMB file`,
      unit: 'rec/s',
      target: { of: 'ratio', relation: '≥', limit: 0.99 },
      note: `bench run beside ProducerPerformance, both against ${on}`,
    }),
    armsFigure(samples, ({ p50Ms }) => p50Ms!, { name: 'omb-tools.p50', title: '… p50 (whole ms)', ...latency }),
    armsFigure(samples, ({ p95Ms }) => p95Ms!, { name: 'omb-tools.p95', title: '… p95 (whole ms)', ...latency }),
    armsFigure(samples, ({ p99Ms }) => p99Ms!, { name: 'omb-tools.p99', title: '… p99 (whole ms)', ...latency }),
  ];
}

export const ombLines: readonly Line[] = [
  { name: 'omb-tools', title: "one load by OpenMessaging Benchmark's files and by Kafka's own tools", run },
];
