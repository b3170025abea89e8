import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { startCluster } from '../core/node/index.ts';
import { type ReadFamily, readOpenMetrics } from '../core/node/testing/openmetrics-reader.ts';
import type { RunRecord } from '../reports/run-record.ts';
import { outputOf } from './child-output.ts';
import { packageRoot } from './package.ts';
import { freePorts } from './peers/apache-kafka.ts';

const folder = mkdtempSync(join(tmpdir(), 'metrics-sinks-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FILE = `
target: kafka
topics: [{ name: t, partitions: 2 }]
producers: [{ topic: t, rate: 500/s, value: 100B }]
consumers: [{ topic: t, group: g }]
phases: { warmup: 0s, measure: 1500ms, drain: 20s }
`;
const RECORDS = 750;
const BOUND_MS = 60_000;

interface Exported {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly { readonly asDouble: number }[] };
}

test(
  'a run shows its load while it lasts, and pushes the same to a collector, up to its last record',
  async () => {
    await using cluster = await startCluster({ storage: 'memory' });
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        bodies.push(`${request.method} ${request.url} ${request.headers['content-type']}\n${body}`);
        response.end('{}');
      });
    }).listen(0, 'localhost');
    await once(collector, 'listening');
    const [[port = 0], file] = [await freePorts(1), join(folder, 'shown.yaml')];
    writeFileSync(file, FILE);
    const otlp = `http://localhost:${(collector.address() as AddressInfo).port}`;
    const flags = [
      '--bootstrap',
      cluster.bootstrapServers.join(','),
      '--metrics-port',
      `${port}`,
      '--otlp',
      otlp,
      '--json',
    ];
    const child = spawn(process.execPath, [join(packageRoot, 'scripts', 'bench.js'), 'run', file, ...flags], {
      cwd: folder,
      // The page is not what is looked at here.
      env: { ...process.env, FAULTLINE_PAIR: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const { text } = outputOf(child);
      const closed = once(child, 'close');
      const families = await scraped(port, () => child.exitCode !== null);
      const acked = families.find(({ name }) => name === 'faultline_load_records_acked')!;
      expect(acked).toMatchObject({ type: 'counter', samples: [{ labels: { workload: 'shown' } }] });
      expect(acked.samples[0]!.value).toBeLessThanOrEqual(RECORDS);
      expect(families.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['faultline_load_publish_latency_seconds', 'nodejs_eventloop_lag_p99_seconds']),
      );
      expect(await closed, text.errors).toEqual([0, null]);
      expect((JSON.parse(text.out) as RunRecord).metrics.publish?.count).toBe(RECORDS);
      const [head, body] = bodies.at(-1)!.split('\n');
      expect(head).toBe('POST /v1/metrics application/json');
      const [exported] = (
        JSON.parse(body!) as { resourceMetrics: { resource: object; scopeMetrics: { metrics: Exported[] }[] }[] }
      ).resourceMetrics;
      expect(exported!.resource).toEqual({
        attributes: [
          { key: 'service.name', value: { stringValue: 'faultline-load' } },
          { key: 'faultline.workload', value: { stringValue: 'shown' } },
        ],
      });
      const pushed = exported!.scopeMetrics[0]!.metrics.find(({ name }) => name === 'faultline_load_records_acked');
      expect(pushed!.sum!.dataPoints.map(({ asDouble }) => asDouble)).toEqual([RECORDS]);
      await expect(fetch(`http://localhost:${port}/metrics`)).rejects.toThrow();
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => collector.close(resolve));
    }
  },
  BOUND_MS,
);

/** What the run shows once something was acknowledged. */
async function scraped(port: number, hasEnded: () => boolean): Promise<ReadFamily[]> {
  for (const deadline = performance.now() + BOUND_MS; performance.now() < deadline && !hasEnded(); await sleep(20)) {
    const text = await fetch(`http://localhost:${port}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    const families = text === '' ? [] : readOpenMetrics(text);
    const acked = families.find(({ name }) => name === 'faultline_load_records_acked')?.samples[0]?.value ?? 0;
    const timed = families.find(({ name }) => name === 'faultline_load_publish_latency_seconds')?.samples ?? [];
    if (acked > 0 && timed.length > 0) return families;
  }
  throw new Error('nothing was shown before the run ended');
}
