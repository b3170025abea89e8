import { kafkaTool } from '../peers/apache-kafka.ts';

/** What Kafka's own performance tools print, as numbers. */

export interface Produced {
  readonly records: number;
  readonly recordsPerSecond: number;
  /** Whole milliseconds: the tool has no finer ones. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

const SUMMARIES: Readonly<Record<'all' | 'steady', RegExp>> = {
  all: /^(\d+) records sent, ([\d.]+) records\/sec .*?(\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th\.?\s*$/m,
  steady:
    /^(\d+) steady state records sent, ([\d.]+) records\/sec .*?(\d+) ms 50th, (\d+) ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th\.?\s*$/m,
};

/**
 * A summary of ProducerPerformance: of all records, or of those after the tool's own warm-up (KIP-1052).
 * @throws Error when there is none.
 */
export function parseProduced(output: string, part: 'all' | 'steady' = 'all'): Produced {
  const found = SUMMARIES[part].exec(output);
  if (found === null) throw new Error(`ProducerPerformance printed no summary:\n${output.slice(-2000)}`);
  const [records, recordsPerSecond, p50Ms, p95Ms, p99Ms, p999Ms] = found.slice(1).map(Number);
  return {
    records: records!,
    recordsPerSecond: recordsPerSecond!,
    p50Ms: p50Ms!,
    p95Ms: p95Ms!,
    p99Ms: p99Ms!,
    p999Ms: p999Ms!,
  };
}

export interface Consumed {
  readonly records: number;
  /** Without the time until the group had its partitions. */
  readonly recordsPerSecond: number;
  readonly rebalanceMs: number;
}

/** The figures below the header of ConsumerPerformance. @throws Error on anything else. */
export function parseConsumed(output: string): Consumed {
  const lines = output.trim().split('\n');
  const header = lines.findIndex((line) => line.startsWith('start.time'));
  const names = lines[header]?.split(', ').map((name) => name.trim()) ?? [];
  const values = lines[header + 1]?.split(', ') ?? [];
  const value = (name: string): number => Number(values[names.indexOf(name)]);
  const records = value('data.consumed.in.nMsg');
  const recordsPerSecond = value('fetch.nMsg.sec');
  if (header < 0 || !(records >= 0) || !(recordsPerSecond >= 0)) {
    throw new Error(`ConsumerPerformance printed no figures:\n${output.slice(-2000)}`);
  }
  return { records, recordsPerSecond, rebalanceMs: value('rebalance.time.ms') };
}

export interface ProduceLoad {
  readonly records: number;
  readonly recordBytes: number;
  /** Records per second, -1 for as many as go through. */
  readonly rate: number;
  /** Of `records`, the first ones, which the summary of the steady state leaves out (KIP-1052). Default none. */
  readonly warmUpRecords?: number;
  readonly client: Readonly<Record<string, string>>;
}

/**
 * `steady`: null without a warm-up.
 * @throws Error when the tool failed, timed out or got fewer records acknowledged than it was to send.
 */
export async function produceLoad(
  bootstrap: string,
  topic: string,
  load: ProduceLoad,
): Promise<{ readonly all: Produced; readonly steady: Produced | null }> {
  const properties = { 'bootstrap.servers': bootstrap, acks: 'all', ...load.client };
  const args = [
    ...['--topic', topic],
    ...['--num-records', String(load.records)],
    ...['--record-size', String(load.recordBytes)],
    ...['--throughput', String(load.rate)],
    ...(load.warmUpRecords === undefined ? [] : ['--warmup-records', String(load.warmUpRecords)]),
    '--producer-props',
    ...Object.entries(properties).map(([name, value]) => `${name}=${value}`),
  ];
  const expectedMs = load.rate > 0 ? (load.records / load.rate) * 1000 : load.records / 20;
  const result = await kafkaTool('ProducerPerformance', args, { timeoutMs: 30_000 + 2 * expectedMs });
  if (result.code !== 0) {
    throw new Error(`ProducerPerformance ended with ${result.code}:\n${(result.stdout + result.stderr).slice(-2000)}`);
  }
  const produced = parseProduced(result.stdout);
  // The tool prints a refused record and goes on: only the count of those that got through tells.
  if (produced.records < load.records || /Exception/.test(result.stderr + result.stdout)) {
    throw new Error(`ProducerPerformance met errors:\n${(result.stdout + result.stderr).slice(-2000)}`);
  }
  const steady = load.warmUpRecords === undefined ? null : parseProduced(result.stdout, 'steady');
  return { all: produced, steady };
}

export async function consumeAll(bootstrap: string, topic: string, records: number): Promise<Consumed> {
  const args = ['--bootstrap-server', bootstrap, '--topic', topic, '--messages', String(records), '--timeout', '20000'];
  const result = await kafkaTool('ConsumerPerformance', args, { timeoutMs: 90_000 });
  if (result.code !== 0) {
    throw new Error(`ConsumerPerformance ended with ${result.code}:\n${(result.stdout + result.stderr).slice(-2000)}`);
  }
  const consumed = parseConsumed(result.stdout);
  if (consumed.records < records) throw new Error(`ConsumerPerformance read ${consumed.records} of ${records} records`);
  return consumed;
}
