import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Histogram } from '../histogram.ts';
import { claimRunId } from '../run-store.ts';
import { syntheticRecord } from '../synthetic-record.ts';
import { fingerprintOf } from './figures.ts';
import { RunStore, STORE_FILE, StoreError } from './store.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'faultline-store-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const RECORD = syntheticRecord('fail');
const OF = { workloadHash: RECORD.workloadHash, fingerprint: fingerprintOf(RECORD.environment) };

test('everything of a run is kept, once', () => {
  const histogram = new Histogram();
  histogram.record(5_000_000, 100);
  using store = RunStore.in(root);
  store.append(RECORD, new Map([['publish', histogram]]), { id: 'pair', arm: 'b', index: 3 });
  store.append({ ...RECORD, exit: 0 }, new Map([['publish', histogram]]));
  const runs = store.runs();
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ id: RECORD.id, exit: RECORD.exit, verdict: 'fail', seed: 42 });
  expect(runs[0]!.figures['publish.p99']).toEqual({
    value: RECORD.metrics.publish!.p99,
    unit: 'ms',
    better: 'lower',
    exact: true,
  });
  expect(store.runs({ workload: 'another' })).toEqual([]);
  const database = new DatabaseSync(join(root, STORE_FILE), { readOnly: true });
  const count = (table: string) => Number(database.prepare(`select count(*) as n from ${table}`).get()!.n);
  expect(count('verdict')).toBe(RECORD.verdict.rules.length + 1);
  expect(count('event')).toBe(RECORD.faults.length);
  expect(count('series')).toBeGreaterThan(RECORD.series.length * 4);
  expect(database.prepare('select pair_id, arm, pair_index from run').get()).toEqual({
    pair_id: 'pair',
    arm: 'b',
    pair_index: 3,
  });
  const { hdr_base64: encoded } = database.prepare('select hdr_base64 from histogram').get()!;
  expect(decodeFromCompressedBase64(String(encoded)).totalCount).toBe(100);
  database.close();
});

test('a baseline is where it was last put, for its workload and machine', () => {
  using store = RunStore.in(root);
  store.append({ ...RECORD, id: 'later', startedAt: '2026-11-26T00:00:00.000Z' });
  store.setBaseline('main', RECORD.id, 'now');
  store.setBaseline('main', 'later', 'now');
  expect(store.baseline('main', OF)).toBe('later');
  expect(store.baseline('main', { ...OF, fingerprint: 'another' })).toBeNull();
  expect(store.baselines().map(({ name, runId }) => [name, runId])).toEqual([['main', 'later']]);
  expect(() => store.setBaseline('main', 'nothing', 'now')).toThrow(StoreError);
});

test('noise floors are the latest; change points are kept once', () => {
  using store = RunStore.in(root);
  for (const floor of [0.2, 0.04]) store.appendNoise({ ...OF, metric: 'publish.p99', floor, pairs: 8 }, 'now');
  expect([...store.noise(OF.workloadHash, OF.fingerprint)]).toEqual([['publish.p99', 0.04]]);
  const point = { metric: 'publish.p99', runId: RECORD.id, commit: 'c', p: 0.0001, before: 1, after: 2 };
  for (let time = 0; time < 2; time++) expect(() => store.appendChangePoints(OF, [point], 'now')).not.toThrow();
});

test('a store of a newer version is refused and left alone', () => {
  const path = join(root, 'newer.sqlite');
  const database = new DatabaseSync(path);
  database.exec('pragma user_version = 99');
  database.close();
  expect(() => new RunStore(path)).toThrow(StoreError);
});

test('two runs of one second have ids of their own', async () => {
  expect(await claimRunId(root, 'same')).toBe('same');
  expect(await claimRunId(root, 'same')).toBe('same-2');
});
