import { EVENT } from '../workloads/history.ts';
import { Histogram } from './histogram.ts';
import { exitCodeOf, type LatencyPoint, type RunRecord, runFault, type SeriesPoint } from './run-record.ts';
import type { LoggedFault } from './verdict/faults.ts';
import {
  AUDITOR,
  ack,
  audit,
  CONSUMER,
  PRODUCER,
  processed,
  type Row,
  read,
  send,
  verdictOf,
} from './verdict/scripted.ts';

/*
 * Records as a run would leave them, for tests and for looking at the report: a minute of load with a kill and two
 * power losses, latencies drawn from a fixed stream, and the verdict of a small real history.
 */

export type SyntheticKind = 'pass' | 'allowed' | 'fail' | 'unknown';

export function syntheticRecord(kind: SyntheticKind): RunRecord {
  const draw = stream(kind.length);
  const faults = faultsOf(kind);
  const publish = new Histogram();
  const endToEnd = new Histogram();
  const series: SeriesPoint[] = [];
  let backlog = 0;
  for (let t = 1; t <= 65; t++) {
    const isLoad = t <= 55;
    const disturbance = faults.reduce((sum, { atNs }) => sum + disturbed(t - atNs / 1e9), 0);
    const sent = isLoad ? 20_000 * (1 + 0.006 * (draw() - 0.5)) : 0;
    const acked = isLoad ? sent * (1 - 0.7 * Math.min(1, disturbance)) : 0;
    const consumed = Math.min(
      acked + backlog,
      isLoad ? acked * (1 - 0.15 * Math.min(1, disturbance)) + backlog * 0.2 : 20_000,
    );
    backlog = Math.max(0, backlog + acked - consumed);
    const ofSecond = isLoad ? latencies(draw, disturbance, 2000) : new Histogram();
    const readOfSecond = isLoad ? latencies(draw, disturbance * 1.4 + 0.35, 2000) : new Histogram();
    if (t > 5 && isLoad) {
      publish.add(ofSecond);
      endToEnd.add(readOfSecond);
    }
    series.push({
      t,
      ...(isLoad ? { target: 20_000 } : {}),
      sent,
      acked,
      consumed,
      bytes: acked * 1024,
      backlog,
      ...(isLoad ? { publish: pointOf(ofSecond), endToEnd: pointOf(readOfSecond) } : {}),
    });
  }
  const replay = 'bench replay .faultline/runs/20261125-032117-orders-42';
  const draft: RunRecord = {
    schema: 1,
    id: '20261125-032117-orders-42',
    workload: 'orders',
    target: 'sim',
    seed: 42,
    exit: 0,
    verdict: verdictFor(kind, faults, replay),
    metrics: {
      publish: publish.summary('ms'),
      endToEnd: endToEnd.summary('ms'),
      throughput: {
        unit: 'records/s',
        target: 20_000,
        sent: 19_998.2,
        acked: 19_612.4,
        consumed: 19_612.4,
        bytes: 20_083_097.6,
      },
    },
    faults: faults.map(runFault),
    expect: [
      { name: 'durability', limit: 'pass', actual: kind, ok: kind === 'pass' },
      { name: 'publish.p99', limit: '< 20ms', actual: publish.valueAt(0.99) / 1e6, ok: publish.valueAt(0.99) < 20e6 },
      { name: 'throughput', limit: '>= 19_500/s', actual: 19_612.4, ok: true },
    ],
    sim: { events: 1_834_211, virtualSeconds: 65, wallSeconds: 1.9, hash: '9f2c41d8a07be355' },
    environment: {
      node: '24.21.0',
      cores: 2,
      commit: '86e784b1c0ff',
      dirty: false,
      cpu: 'AMD EPYC 7B13',
      memoryBytes: 8_343_478_272,
      kernel: 'Linux 6.8.0',
      faultline: '0.1.0',
    },
    startedAt: '2026-11-25T03:21:17.000Z',
    status: { kind: 'completed' },
    generator: { state: 'kept up', achieved: 0.99991, lagMsMax: 0.8 },
    phases: [
      { name: 'warmup', fromSeconds: 0, toSeconds: 5 },
      { name: 'measure', fromSeconds: 5, toSeconds: 55 },
      { name: 'drain', fromSeconds: 55, toSeconds: 65 },
    ],
    replay,
    workloadHash: 'c7d1f0a2b4e6981d',
    workloadText:
      'seed: 42\ntarget: sim\ncluster:\n  brokers: 3\ntopics:\n  - { name: orders, partitions: 12, replicationFactor: 3 }\nproducers:\n  - { topic: orders, rate: 20_000/s, arrival: poisson, value: { size: 1KiB } }\nexpect:\n  durability: pass\n  publish.p99: < 20ms\n  throughput: ">= 19_500/s"\n',
    configs: {
      broker: { 'min.insync.replicas': 2, 'unclean.leader.election.enable': false },
      'topic orders': { 'retention.ms': 3_600_000 },
      'producer orders': { acks: 'all', 'enable.idempotence': true, 'linger.ms': 5 },
    },
    series,
    spectra: { publish: publish.spectrum('ms'), endToEnd: endToEnd.spectrum('ms') },
  };
  return { ...draft, exit: exitCodeOf(draft) };
}

function faultsOf(kind: SyntheticKind): LoggedFault[] {
  const all = kind === 'allowed' ? [1, 2, 3] : [2];
  return [
    { id: 'f1', kind: 'kill', target: 'leader(orders/0)', brokers: [2], atNs: 15e9, untilNs: 20e9, confirmed: true },
    { id: 'f2', kind: 'power-loss', target: 'rack(a)', brokers: all, atNs: 30e9, untilNs: 36e9, confirmed: true },
    {
      id: 'f3',
      kind: 'slow-link',
      target: 'broker 1',
      brokers: [1],
      atNs: 43e9,
      untilNs: 47e9,
      confirmed: kind !== 'unknown',
    },
  ];
}

function verdictFor(kind: SyntheticKind, faults: readonly LoggedFault[], replay: string): RunRecord['verdict'] {
  const rows: Row[] = [];
  const sentOf = (count: number) => Array.from({ length: count }, (_, sequence) => sequence);
  for (const sequence of sentOf(400))
    rows.push(send(sequence * 50, 0, sequence), ack(sequence * 50 + 4, 0, sequence, sequence));
  const kept = kind === 'fail' || kind === 'allowed' ? 397 : 400;
  rows.push(
    ...audit(
      64_000,
      2,
      sentOf(kept).map((sequence) => [0, sequence] as const),
    ),
  );
  rows.push({ kind: EVENT.assign, t: 0, actor: 1, partition: 0, offset: 0, a: 1 });
  for (const sequence of sentOf(kept)) rows.push(read(sequence * 50 + 5, 1, sequence, 0, sequence));
  rows.push(processed(61_000, 1, kept));
  const topic = { 'min.insync.replicas': 2 };
  return verdictOf({ roles: [PRODUCER, CONSUMER, AUDITOR], topic, faults, replay }, rows, { drained: true });
}

/** How much a fault disturbs, `since` seconds after it struck. */
function disturbed(since: number): number {
  return since < 0 || since > 6 ? 0 : Math.exp(-since / 1.6);
}

function latencies(draw: () => number, disturbance: number, count: number): Histogram {
  const histogram = new Histogram();
  for (let index = 0; index < count; index++) {
    const tail = draw() < 0.004 + 0.04 * disturbance ? 8 + 40 * disturbance : 1;
    histogram.record(1e6 * (0.9 + disturbance * 1.5 + 0.45 * -Math.log(1 - draw()) * tail));
  }
  return histogram;
}

function pointOf(histogram: Histogram): LatencyPoint {
  const { unit: _unit, min: _min, mean: _mean, ...point } = histogram.summary('ms');
  const bins = new Map<number, number>();
  for (const [lowest, , count] of histogram.buckets()) {
    const bin = Math.floor(4 * Math.log2(Math.max(1, lowest)));
    bins.set(bin, (bins.get(bin) ?? 0) + count);
  }
  return { ...point, bins: [...bins] };
}

/** xorshift32: the same numbers in every run. */
function stream(seed: number): () => number {
  let state = 0x9e3779b9 ^ seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
