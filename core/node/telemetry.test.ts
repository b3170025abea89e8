import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Distribution, medianOf, quantileOf } from '../broker/telemetry.ts';
import { createMemoryDisk } from '../memory-disk.ts';
import { drillFromEnvironment } from './drill.ts';
import {
  BrokerProbe,
  brokerFamilies,
  openMetrics,
  otlpBody,
  otlpEndpoint,
  ProcessTelemetry,
  type RunningBroker,
  serve,
  showBroker,
  startOtlp,
} from './index.ts';
import { readOpenMetrics } from './testing/openmetrics-reader.ts';

let broker: RunningBroker;
let own: ProcessTelemetry;
beforeAll(async () => {
  own = new ProcessTelemetry();
  broker = await serve({
    logDirs: ['/data'],
    disk: createMemoryDisk({ wallMs: () => Date.now() }),
    config: { 'group.initial.rebalance.delay.ms': '0' },
  });
  const kafka = new Kafka({ brokers: [broker.bootstrapServer], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'telemetry', numPartitions: 2 }] });
  await admin.disconnect();
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: 10 }, (_, index) => ({ value: `message ${index}`, partition: 0 }));
  for (let round = 0; round < 3; round++) await producer.send({ topic: 'telemetry', messages });
  await producer.disconnect();
});
afterAll(async () => {
  own.stop();
  await broker.close();
});

describe('what a broker shows of itself', () => {
  test('OpenMetrics that a strict reader takes, in the names of the JMX exporter, with what was really done', async () => {
    const shown = await showBroker(broker.broker, 'localhost', { port: 0 });
    try {
      const response = await fetch(`http://localhost:${shown.port}/metrics`);
      expect(response.headers.get('content-type')).toContain('application/openmetrics-text; version=1.0.0');
      const families = readOpenMetrics(await response.text());
      const value = (name: string, labels: object = {}): number | undefined =>
        families
          .flatMap(({ samples }) => samples)
          .find(
            (sample) => sample.name === name && Object.entries(labels).every(([key, of]) => sample.labels[key] === of),
          )?.value;
      expect(value('kafka_server_BrokerTopicMetrics_MessagesInPerSec_total')).toBe(30);
      expect(value('kafka_server_BrokerTopicMetrics_TotalProduceRequestsPerSec_total')).toBe(3);
      expect(value('kafka_log_Log_LogEndOffset', { topic: 'telemetry', partition: '0' })).toBe(30);
      expect(value('kafka_log_Log_Size', { topic: 'telemetry', partition: '0' })).toBe(
        value('kafka_server_BrokerTopicMetrics_BytesInPerSec_total'),
      );
      expect(value('faultline_produce_batch_records_sum')).toBe(30);
      expect(value('faultline_produce_batch_records', { quantile: '0.5' })).toBeCloseTo(10, -1);
      expect(value('kafka_server_ReplicaManager_UnderReplicatedPartitions')).toBe(0);
      expect(value('kafka_server_ReplicaManager_LeaderCount')).toBe(2);
      expect(value('kafka_controller_KafkaController_ActiveControllerCount')).toBe(1);
      const produce = { request: 'Produce', quantile: '0.99' };
      expect(value('kafka_network_RequestMetrics_TotalTimeMs', produce)).toBeGreaterThan(0);
      expect(value('kafka_network_RequestMetrics_LocalTimeMs_count', { request: 'Produce' })).toBe(3);
      expect(value('nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
      expect(value('process_cpu_seconds_total')).toBeGreaterThan(0);
      expect((await fetch(`http://localhost:${shown.port}/other`)).status).toBe(404);
      expect((await fetch(`http://localhost:${shown.port}/metrics`, { method: 'POST' })).status).toBe(405);
    } finally {
      await shown.close();
    }
  });

  test('OTLP over HTTP, with the same figures; a collector that is away is told of once', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.end('{}'));
    });
    await new Promise<void>((resolve) => collector.listen(0, 'localhost', resolve));
    const { port } = collector.address() as AddressInfo;
    const families = () => [...brokerFamilies(broker.broker), ...own.families()];
    await startOtlp(`http://localhost:${port}`, { 'service.name': 'test' }, families, () => {}).close();
    const { resourceMetrics } = JSON.parse(bodies.join(''));
    const { metrics } = resourceMetrics[0].scopeMetrics[0];
    expect(resourceMetrics[0].resource.attributes).toEqual([{ key: 'service.name', value: { stringValue: 'test' } }]);
    const messages = metrics.find(({ name }: { name: string }) => name.endsWith('MessagesInPerSec'));
    expect(messages.sum).toMatchObject({
      isMonotonic: true,
      aggregationTemporality: 2,
      dataPoints: [{ asDouble: 30 }],
    });
    await new Promise((resolve) => collector.close(resolve));
    const told: string[] = [];
    await startOtlp(`http://localhost:${port}`, {}, families, (text) => told.push(text)).close();
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('ECONNREFUSED');
  });

  test('differences since the last look', () => {
    const probe = new BrokerProbe(broker.broker, own);
    expect(probe.next()).toMatchObject({ recordsPerBatch: 10, produceLocalUsP50: expect.any(Number) });
    const idle = probe.next();
    expect(idle).toMatchObject({ requests: 0 });
    expect(idle).not.toHaveProperty('produceMsP99');
    expect(idle).not.toHaveProperty('recordsPerBatch');
  });
});

describe('the text format', () => {
  test('awkward texts and numbers survive, and the reader refuses what the rules forbid', () => {
    const text = openMetrics([
      {
        name: 'odd',
        type: 'gauge',
        help: 'a "quote", a \\ and\na line',
        samples: [
          { labels: { a: 'x"y\\z\nw' }, value: Number.POSITIVE_INFINITY },
          { labels: { a: 'b' }, value: 1e-9 },
        ],
      },
      { name: 'empty', type: 'counter', help: '', samples: [] },
    ]);
    expect(readOpenMetrics(text)).toEqual([
      {
        name: 'odd',
        type: 'gauge',
        unit: '',
        samples: [
          { name: 'odd', labels: { a: 'x"y\\z\nw' }, value: Number.POSITIVE_INFINITY },
          { name: 'odd', labels: { a: 'b' }, value: 1e-9 },
        ],
      },
    ]);
    const refused: readonly (readonly [text: string, rule: string])[] = [
      ['# TYPE a gauge\na 1\n', 'does not end'],
      ['# TYPE a counter\na 1\n# EOF\n', 'no sample name'],
      ['# TYPE a counter\na_total -1\n# EOF\n', 'never negative'],
      ['# TYPE a_total counter\n# EOF\n', 'no _total'],
      ['# TYPE a gauge\n# UNIT a seconds\n# EOF\n', 'end of the name'],
      ['# TYPE a gauge\na 1\na 2\n# EOF\n', 'twice'],
      ['# TYPE a gauge\na{b="c",} 2\n# EOF\n', 'joined by commas'],
      ['# TYPE a summary\na{quantile="2"} 2\n# EOF\n', 'between 0 and 1'],
      ['# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n', 'stand together'],
      ['# TYPE a gauge\na one\n# EOF\n', 'no number'],
      ['a 1\n# EOF\n', 'needs a TYPE'],
    ];
    for (const [bad, rule] of refused) expect(() => readOpenMetrics(bad), bad).toThrow(rule);
  });

  test('an OTLP endpoint is the collector, or a path that somebody chose', () => {
    expect(otlpEndpoint('http://collector:4318')).toBe('http://collector:4318/v1/metrics');
    expect(otlpEndpoint('https://collector/otlp/metrics')).toBe('https://collector/otlp/metrics');
    expect(() => otlpEndpoint('ftp://collector')).toThrow('http');
    expect(otlpBody([], {}, 0, 1)).toMatchObject({ resourceMetrics: [{ scopeMetrics: [{ metrics: [] }] }] });
  });
});

test('a distribution tells quantiles within its buckets, of all or since a look', () => {
  const sizes = new Distribution();
  for (let value = 1; value <= 1000; value++) sizes.record(value);
  expect(quantileOf(sizes.counts, 0.5)! / 500).toBeCloseTo(1.05, 0);
  expect(quantileOf(sizes.counts, 0.99)).toBeGreaterThanOrEqual(990);
  const before = sizes.counts.slice();
  expect(quantileOf(sizes.counts, 0.5, before)).toBeNull();
  sizes.record(8);
  expect(quantileOf(sizes.counts, 0.5, before)).toBe(8);
  sizes.record(0);
  sizes.record(1e300);
  expect(sizes.count).toBe(1003);
});

test('a median lies within its bucket', () => {
  const sizes = new Distribution();
  for (let value = 100; value <= 200; value++) sizes.record(value);
  expect(medianOf(sizes.counts)! / 150).toBeCloseTo(1, 1);
  expect(medianOf(new Distribution().counts)).toBeNull();
});

test('a drill burns what it was told to, and refuses what is no time', () => {
  expect(drillFromEnvironment({})).toBeUndefined();
  expect(() => drillFromEnvironment({ FAULTLINE_DRILL_BURN_US: 'much' })).toThrow('microseconds');
  const burn = drillFromEnvironment({ FAULTLINE_DRILL_BURN_US: '2000' })!;
  const from = performance.now();
  burn();
  expect(performance.now() - from).toBeGreaterThanOrEqual(1.9);
});
