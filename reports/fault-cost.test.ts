import { expect, test } from 'vitest';
import { costs, faultCosts } from './fault-cost.ts';
import type { RunRecord, SeriesPoint } from './run-record.ts';
import { syntheticRecord } from './synthetic-record.ts';

const BASE = syntheticRecord('pass');

function point(t: number, acked: number, p50: number | null, max = 0): SeriesPoint {
  const publish = p50 === null ? {} : { publish: { count: acked, p50, max } };
  return { t, sent: acked, acked, consumed: acked, bytes: 0, ...publish };
}

/** Twenty quiet seconds, three of silence, two in which what waited is acknowledged, ten quiet ones. */
function outage(leaderMoves?: number): RunRecord {
  const series: SeriesPoint[] = [];
  for (let t = 1; t <= 20; t++) series.push(point(t, 100, 5, 9));
  for (let t = 21; t <= 23; t++) series.push(point(t, 0, null));
  series.push(point(24, 300, 2000, 3400), point(25, 200, 40, 800));
  for (let t = 26; t <= 35; t++) series.push(point(t, 100, 6, 11));
  const at = { id: 'f1', kind: 'power-loss', target: 'rack south: brokers 2, 5', at: '20s', confirmed: true };
  const moves = leaderMoves === undefined ? {} : { leaderMoves };
  return {
    ...BASE,
    series,
    faults: [{ ...at, atSeconds: 20, untilSeconds: 24, ...moves }],
    phases: [{ name: 'measure', fromSeconds: 0, toSeconds: 35 }],
  };
}

test('the cost of a fault is what differs from the seconds before it, until it differs no more', () => {
  const [cost] = faultCosts(outage(2));
  expect(cost).toMatchObject({ beforeP50: 5, worst: 3400, afterP50: 6, silentSeconds: 3, backSeconds: 5 });
});

test('a fault that the load never recovered from says so', () => {
  const record = outage();
  const [cost] = faultCosts({ ...record, series: record.series.filter(({ t }) => t <= 24) });
  expect(cost).toMatchObject({ backSeconds: null, afterP50: null });
  expect(costs({ ...record, series: record.series.filter(({ t }) => t <= 24) })).toContain('not again');
});

test('a fault that changed nothing costs nothing', () => {
  const record = outage();
  const [cost] = faultCosts({ ...record, series: record.series.map(({ t }) => point(t, 100, 5, 9)) });
  expect(cost).toMatchObject({ worst: 9, silentSeconds: 0, backSeconds: 0 });
});

test('the report answers in a sentence and a row for each fault', () => {
  const html = costs(outage(2));
  expect(html).toContain('No acknowledged records lost. Dearest: power-loss of rack south: brokers 2, 5 at 20s');
  expect(html).toContain('<td class="number">2</td>');
  expect(costs({ ...outage(), faults: [] })).toBe('');
});
