import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../core/node/index.ts';
import { renderReport } from '../reports/html.ts';
import type { RunRecord } from '../reports/run-record.ts';
import { summaryOf } from '../reports/summary.ts';
import { COLUMN, EVENT, HISTORY_WIDTH } from '../workloads/history.ts';
import { runLive as drive } from '../workloads/live/run.ts';
import { parseWorkload } from '../workloads/parse.ts';
import type { Workload } from '../workloads/workload.ts';
import { assemble } from './assemble.ts';
import { environment } from './environment.ts';
import { runLive } from './live.ts';
import { createProgress } from './terminal.ts';

const DRIVERS = ['kafkajs', 'platformatic'] as const;
const PACKAGES = { kafkajs: 'kafkajs', platformatic: '@platformatic/kafka' };

/** Two producers (keys, batches, headers for values too short for an envelope) and a group of two. */
const FILE = `
target: kafka
topics: [{ name: t, partitions: 3 }]
producers:
  - { topic: t, rate: 500/s, keys: uniform, value: 200B, client: { acks: all, compression.type: gzip, linger.ms: 2ms } }
  - { topic: t, rate: 100/s, value: 10B, client: { acks: 1 } }
consumers: [{ topic: t, group: g, count: 2, client: { fetch.max.wait.ms: 50ms, auto.commit.interval.ms: 200ms } }]
phases: { warmup: 0s, measure: 600ms, drain: 20s }
expect: { durability: pass }
`;

function load(text: string, driver: string, cluster: Pick<Cluster, 'bootstrapServers'>): Workload {
  const set = [`client.driver=${driver}`, `bootstrap=[${cluster.bootstrapServers.join(',')}]`];
  const parsed = parseWorkload(text, { file: 'drivers.yaml', set });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.workload;
}

async function judged(workload: Workload): Promise<RunRecord> {
  const parts = { progress: createProgress(false), interrupted: new Promise<void>(() => {}), replay: '', client: null };
  const outcome = await runLive({ workload, files: new Map() }, parts);
  const context = { workload, workloadText: '', files: new Map(), replay: '', startedAt: new Date().toISOString() };
  return assemble({ ...context, environment: environment() }, outcome).record;
}

describe.each(DRIVERS)('%s over TCP', (driver) => {
  test('a run is judged as one of our own client, and says which library it was', async () => {
    await using cluster = await startCluster({ config: { 'group.initial.rebalance.delay.ms': '0' } });
    const record = await judged(load(FILE, driver, cluster));
    expect(record.verdict.result, JSON.stringify(record.verdict)).toBe('pass');
    const { publish, endToEnd } = record.metrics;
    expect(publish!.count).toBeGreaterThan(300);
    // Every record was read by the group, and had its intended time with it.
    expect(endToEnd!.count).toBe(publish!.count);
    expect(publish!.min!).toBeGreaterThan(0);
    const checked = (rule: string): number => record.verdict.rules.find((one) => one.rule === rule)!.checked;
    expect(checked('P1')).toBe(publish!.count);
    expect(checked('C1')).toBeGreaterThan(0);
    expect(checked('C2')).toBeGreaterThan(0);
    expect(record.client!.package).toBe(PACKAGES[driver]);
    expect(record.client!.version).toMatch(/^\d+\.\d+\.\d+/);
    const shown = `${record.client!.package} ${record.client!.version}`;
    expect(summaryOf(record, { color: false, columns: 200 })).toContain(shown);
    expect(await renderReport(record)).toContain(shown);
  });

  test('a record that the broker will never take is surely not written; one without an answer may be', async () => {
    await using cluster = await startSilent();
    const failures = async (config: string, client: string): Promise<Run> => {
      const text = `
target: kafka
topics: [{ name: t, config: ${config} }]
producers: [{ topic: t, rate: 10/s, value: 3000B, client: { retries: 0, enable.idempotence: false, ${client} } }]
phases: { warmup: 0s, measure: 300ms, drain: 10s }
`;
      const ends: string[] = [];
      const sink = {
        rows(rows: Float64Array, count: number): void {
          for (let at = 0; at < count * HISTORY_WIDTH; at += HISTORY_WIDTH) {
            if (rows[at + COLUMN.kind] === EVENT.ack) ends.push('ack');
            if (rows[at + COLUMN.kind] === EVENT.fail) ends.push(`fail ${rows[at + COLUMN.a]} ${rows[at + COLUMN.b]}`);
          }
        },
      };
      const interrupted = new Promise<void>(() => {});
      const outcome = await drive({ workload: load(text, driver, cluster), files: new Map(), interrupted, sink });
      return { ends: new Set(ends), written: outcome.conducted.auditedRecords };
    };
    const tooLarge = await failures('{ max.message.bytes: 1000 }', 'compression.type: gzip');
    expect(tooLarge).toEqual({ ends: new Set(['fail 10 1']), written: 0 });
    cluster.silence();
    const silent = await failures('{}', 'request.timeout.ms: 300ms');
    expect(silent.ends).toEqual(new Set(['fail -1 0']));
    expect(silent.written).toBeGreaterThan(0);
  });
});

interface Run {
  readonly ends: ReadonlySet<string>;
  /** Records that the auditor found. */
  readonly written: number;
}

interface SilentCluster extends Pick<Cluster, 'bootstrapServers'>, AsyncDisposable {
  /** From now on records are written, and nobody is told. */
  silence(): void;
}

const PRODUCE = 0;

/** A broker behind a relay that can keep the answers to those who produce. */
async function startSilent(): Promise<SilentCluster> {
  let silent = false;
  let brokerPort = 0;
  const relay = createServer((client) => {
    const broker = connect(brokerPort, '127.0.0.1');
    let mute = false;
    client.on('data', (bytes) => {
      // A client writes whole requests: size, api key, ….
      if (silent && bytes.length > 8 && bytes.readInt16BE(4) === PRODUCE) mute = true;
      broker.write(bytes);
    });
    broker.on('data', (bytes) => {
      if (!mute) client.write(bytes);
    });
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${(relay.address() as AddressInfo).port}`;
  const cluster = await startCluster({ config: { 'advertised.listeners': `PLAINTEXT://${address}` } });
  brokerPort = cluster.brokers[0]!.port;
  return {
    bootstrapServers: [address],
    silence() {
      silent = true;
    },
    async [Symbol.asyncDispose]() {
      relay.close();
      await cluster.close();
    },
  };
}
