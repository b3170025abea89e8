import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { StoredRun } from '../../reports/store/store.ts';
import { keepNight, type Night, readNights, trendSeries } from './nights.ts';

const scratch = mkdtempSync(join(tmpdir(), 'nights-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const night = (number: number, ids: readonly string[]): Night => ({
  night: `2026-11-0${number}`,
  commit: 'c0ffee',
  runs: ids.map((id) => ({ id, load: 'steady' })),
  campaign: '10 pass',
});
const run = (id: string, change: Partial<StoredRun> = {}): StoredRun => ({
  id,
  startedAt: '2026-11-01T00:00:00Z',
  workload: 'steady',
  workloadHash: 'h',
  target: 'local',
  seed: 1,
  commit: 'c0ffee',
  dirty: false,
  fingerprint: 'm',
  exit: 0,
  verdict: 'pass',
  figures: {
    'broker.cpu': { value: 4, unit: 'µs/record', better: 'lower', exact: false },
    'publish.max': { value: 9, unit: 'ms', better: 'lower', exact: false },
  },
  ...change,
});

test('nights are kept line by line, and one that was cut off is passed over', () => {
  const path = join(scratch, 'deep', 'nights.ndjson');
  expect(readNights(path)).toEqual([]);
  keepNight(path, night(1, ['a']));
  keepNight(path, night(2, ['b']));
  expect(readNights(path)).toEqual([night(1, ['a']), night(2, ['b'])]);
  writeFileSync(path, `${JSON.stringify(night(1, ['a']))}\n{"night":"2026`);
  expect(readNights(path)).toEqual([night(1, ['a'])]);
});

test('a series is of one load on one machine; what the last night did not run is none', () => {
  const nights = [night(1, ['a', 'b']), night(2, ['c']), night(3, ['d', 'gone'])];
  const alike = ['a', 'b', 'c', 'd'].map((id) => run(id));
  const [cpu, ...others] = trendSeries(nights, alike);
  expect(others).toEqual([]);
  expect(cpu).toMatchObject({ load: 'steady', metric: 'broker.cpu' });
  expect(cpu!.samples.map(({ runId }) => runId)).toEqual(['a', 'b', 'c', 'd']);
  const changed = [run('a', { workloadHash: 'old' }), run('b', { fingerprint: 'other' }), run('c'), run('d')];
  expect(trendSeries(nights, changed)[0]!.samples.map(({ runId }) => runId)).toEqual(['c', 'd']);
  expect(trendSeries([...nights, night(4, [])], alike)).toEqual([]);
});

test('of a disturbed run only what brokers say of themselves is kept', () => {
  const timed = { 'publish.p50': { value: 2, unit: 'ms', better: 'lower', exact: false } } as const;
  const runs = ['a', 'b'].map((id) => run(id, { figures: { ...run(id).figures, ...timed } }));
  const disturbed: Night = { ...night(2, []), runs: [{ id: 'b', load: 'steady', disturbed: true }] };
  const [cpu, ...others] = trendSeries([night(1, ['a']), disturbed], runs);
  expect(others).toEqual([]);
  expect(cpu!.samples.map(({ isDisturbed }) => isDisturbed)).toEqual([undefined, true]);
  expect(trendSeries([night(1, ['a', 'b'])], runs).map(({ metric }) => metric)).toEqual(['broker.cpu', 'publish.p50']);
});
