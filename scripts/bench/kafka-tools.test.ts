import { describe, expect, test } from 'vitest';
import { parseConsumed, parseProduced } from './kafka-tools.ts';

describe('ProducerPerformance', () => {
  const summary =
    '2000000 records sent, 864304.24 records/sec (82.43 MB/sec), 12.53 ms avg latency, 214.00 ms max latency, 5 ms 50th, 45 ms 95th, 101 ms 99th, 153 ms 99.9th.\n';

  test('the summary, behind lines of progress', () => {
    const progress =
      '100001 records sent, 20000.2 records/sec (19.53 MB/sec), 1.1 ms avg latency, 90.0 ms max latency.\n';
    expect(parseProduced(progress + summary)).toEqual({
      records: 2_000_000,
      recordsPerSecond: 864_304.24,
      p50Ms: 5,
      p95Ms: 45,
      p99Ms: 101,
      p999Ms: 153,
    });
  });

  test('the steady state is told from the whole', () => {
    const steady =
      '1500000 steady state records sent, 20001.5 records/sec (19.53 MB/sec), 0.4 ms avg latency, 9.00 ms max latency, 0 ms 50th, 1 ms 95th, 3 ms 99th, 7 ms 99.9th.\n';
    expect(parseProduced(summary + steady)).toMatchObject({ records: 2_000_000, p99Ms: 101 });
    expect(parseProduced(summary + steady, 'steady')).toEqual({
      records: 1_500_000,
      recordsPerSecond: 20_001.5,
      p50Ms: 0,
      p95Ms: 1,
      p99Ms: 3,
      p999Ms: 7,
    });
    expect(() => parseProduced(summary, 'steady')).toThrow(/no summary/);
  });

  test('no summary is an error that shows what was printed', () => {
    expect(() => parseProduced('org.apache.kafka.common.errors.TimeoutException: gone\n')).toThrow(/TimeoutException/);
  });
});

describe('ConsumerPerformance', () => {
  const header =
    'start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec';
  const values =
    '2026-11-25 04:00:00:000, 2026-11-25 04:00:02:000, 190.7349, 95.3674, 2000000, 1000000.0000, 300, 1700, 112.1970, 1176470.5882';

  test('figures by their names, not their places', () => {
    expect(parseConsumed(`${header}\n${values}\n`)).toEqual({
      records: 2_000_000,
      recordsPerSecond: 1_176_470.5882,
      rebalanceMs: 300,
    });
  });

  test('no figures are an error', () => {
    expect(() => parseConsumed('WARNING: Exiting before consuming the expected number of messages')).toThrow(/WARNING/);
    expect(() => parseConsumed(`${header}\n`)).toThrow(/no figures/);
  });
});
