import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { renderReport } from './html.ts';
import { junitOf } from './junit.ts';
import { markdownOf } from './markdown.ts';
import { renderPng } from './png.ts';
import { exitCodeOf, lagText, type RunRecord, runFault, toJson } from './run-record.ts';
import { listRuns, RunStoreError, readRun, readRunFile, runDirectory, runId, writeRun } from './run-store.ts';
import { summaryOf } from './summary.ts';
import { renderSvg } from './svg.ts';
import { type SyntheticKind, syntheticRecord as synthesize } from './synthetic-record.ts';

const KINDS: readonly SyntheticKind[] = ['pass', 'allowed', 'fail', 'unknown'];
const RECORDS = new Map(KINDS.map((kind) => [kind, synthesize(kind)]));
const syntheticRecord = (kind: SyntheticKind): RunRecord => RECORDS.get(kind)!;
const PASSED = syntheticRecord('pass');

describe('exit code', () => {
  const withVerdict = (kind: SyntheticKind, change: Partial<RunRecord> = {}) =>
    exitCodeOf({ ...syntheticRecord(kind), expect: [], ...change });
  const breach = { name: 'publish.p99', limit: '< 1ms', actual: 4, ok: false };

  test('durability outranks the rest', () => {
    const worst: Partial<RunRecord> = {
      expect: [breach],
      status: { kind: 'failed', reason: 'no leader' },
      comparison: { baseline: 'main', result: 'regressed' },
    };
    expect(withVerdict('fail', worst)).toBe(24);
    expect(withVerdict('pass', worst)).toBe(21);
    expect(withVerdict('fail', { status: { kind: 'refused', reason: 'no such key' } })).toBe(20);
  });

  test('a loss that the configuration allows violates a file that expects durability', () => {
    expect(withVerdict('allowed')).toBe(0);
    expect(
      withVerdict('allowed', { expect: [{ name: 'durability', limit: 'pass', actual: 'allowed', ok: false }] }),
    ).toBe(24);
  });

  test('what is certain outranks what is inconclusive, and inconclusive is never green', () => {
    expect(withVerdict('pass')).toBe(0);
    expect(withVerdict('pass', { expect: [breach] })).toBe(22);
    expect(withVerdict('unknown', { expect: [breach] })).toBe(22);
    expect(withVerdict('unknown')).toBe(25);
    expect(withVerdict('pass', { comparison: { baseline: 'main', result: 'regressed' } })).toBe(23);
    expect(withVerdict('pass', { comparison: { baseline: 'main', result: 'unstable' } })).toBe(25);
    expect(withVerdict('pass', { expect: [{ ...breach, actual: null }] })).toBe(25);
  });

  test('a generator that fell behind says in which way: too few records, or late ones', () => {
    expect(lagText({ state: 'fell behind', achieved: 0.398, lagMsMax: 900, lagMsP99: 800 })).toBe(
      ' (39.8 % of the target rate)',
    );
    expect(lagText({ state: 'fell behind', achieved: 1, lagMsMax: 216, lagMsP99: 71.94 })).toBe(
      ' (1 % of the records were sent 72 ms late or more, 216 ms at most)',
    );
    expect(lagText({ state: 'fell behind', achieved: null, lagMsMax: 0 })).toBe('');
  });

  test('a generator that fell behind proves no threshold', () => {
    const generator = { state: 'fell behind', achieved: 0.4, lagMsMax: 900 } as const;
    expect(withVerdict('pass', { generator, expect: [breach] })).toBe(25);
    expect(withVerdict('pass', { generator, expect: [{ ...breach, ok: true }] })).toBe(25);
    expect(withVerdict('pass', { generator })).toBe(0);
  });
});

describe('JSON', () => {
  test('has the fields of schema 1 under their names', () => {
    const printed = JSON.parse(toJson(PASSED)) as Record<string, unknown>;
    expect(printed).toMatchObject({
      schema: 1,
      workload: 'orders',
      target: 'sim',
      seed: 42,
      exit: 0,
      verdict: { result: 'pass' },
      metrics: {
        publish: { unit: 'ms', count: 100_000 },
        endToEnd: { unit: 'ms' },
        throughput: { unit: 'records/s', target: 20_000 },
      },
      faults: [{ id: 'f1', kind: 'kill', target: 'leader(orders/0)', at: '15s', confirmed: true }, {}, {}],
      sim: { hash: '9f2c41d8a07be355' },
      environment: { node: '24.21.0', cores: 2, dirty: false },
    });
    const rule = PASSED.verdict.rules.find((each) => each.rule === 'P1');
    expect(rule).toMatchObject({
      rule: 'P1',
      name: 'acked-durable',
      result: 'pass',
      checked: 400,
      violations: 0,
      examples: [],
    });
    expect(PASSED.expect[1]).toMatchObject({ name: 'publish.p99', limit: '< 20ms', ok: true });
    expect(printed).not.toHaveProperty('series');
  });

  test('a fault prints its time in seconds', () => {
    const fault = {
      id: 'f',
      kind: 'kill',
      target: 'any',
      brokers: [1],
      atNs: 10_250_000_000,
      untilNs: null,
      confirmed: false,
    };
    expect(runFault(fault)).toMatchObject({ at: '10.25s', atSeconds: 10.25, untilSeconds: null });
  });
});

describe('run store', () => {
  let root = '';
  afterEach(async () => rm(root, { recursive: true, force: true }));

  test('writes whole records and lists the newest first', async () => {
    root = await mkdtemp(join(tmpdir(), 'faultline-runs-'));
    expect(await listRuns(root)).toEqual([]);
    const older = { ...PASSED, id: runId('2026-01-02T03:04:05.678Z', 'my orders/ü', 7) };
    expect(older.id).toBe('20260102-030405-my-orders---7');
    await writeRun(root, older);
    const directory = await writeRun(root, PASSED);
    expect(await readdir(directory)).toEqual(['run.json']);
    expect(await listRuns(root)).toEqual([PASSED.id, older.id]);
    expect(await readRun(root, PASSED.id)).toEqual(PASSED);
  });

  test('refuses ids that lead elsewhere, other schemas and what is no JSON', async () => {
    root = await mkdtemp(join(tmpdir(), 'faultline-runs-'));
    for (const id of ['../x', '', '.', 'a/b']) expect(() => runDirectory(root, id)).toThrow(RunStoreError);
    const file = join(root, 'run.json');
    for (const content of ['{"schema":2}', 'null', '{']) {
      await writeFile(file, content);
      await expect(readRunFile(file)).rejects.toThrow(RunStoreError);
    }
  });
});

describe('terminal summary', () => {
  test.each(KINDS)('fits the terminal and starts with the verdict: %s', (kind) => {
    const record = { ...syntheticRecord(kind), replay: 'bench replay r1' };
    for (const columns of [40, 60, 80, 120, 200]) {
      const plain = summaryOf(record, { color: false, columns, reportPath: 'r1/report.html' });
      expect(plain.startsWith(kind.toUpperCase())).toBe(true);
      for (const line of plain.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
      const colored = summaryOf(record, { color: true, columns, reportPath: 'r1/report.html' });
      expect(colored).not.toBe(plain);
      expect(stripVTControlCharacters(colored)).toBe(plain);
      expect(plain).toContain('replay  bench replay r1\nreport  r1/report.html\n');
    }
  });

  test('shows rules, thresholds, latencies and throughput', () => {
    const text = summaryOf(syntheticRecord('fail'), { color: false, columns: 120 });
    expect(text).toMatch(/✗ P1 acked-durable +3 of 400 acknowledged records lost/);
    expect(text).toMatch(/✓ publish\.p99 +< 20ms/);
    expect(text).toMatch(/^latency, ms +count +min +mean +p50 +p95 +p99 +p99\.9 +p99\.99 +max$/m);
    expect(text).toContain('acked 19,612/s');
  });

  test('in a file of any width notes stand under their rule', () => {
    const text = summaryOf(syntheticRecord('allowed'), { color: false, columns: Number.POSITIVE_INFINITY });
    expect(text).toMatch(/^ {20,}unflushed: acks=all on 3 replicas .* with flush\.messages=9223372036854775807$/m);
  });

  test('says when the generator fell behind', () => {
    const generator = { state: 'fell behind', achieved: 0.4, lagMsMax: 900 } as const;
    expect(summaryOf({ ...PASSED, generator }, { color: false, columns: 200 })).toContain('40.0 % of the target rate');
  });
});

describe('for CI', () => {
  test('Markdown starts with the verdict and ends with the command', () => {
    const text = markdownOf(syntheticRecord('fail'));
    expect(text.startsWith('### FAIL: orders (sim, seed 42)\n')).toBe(true);
    expect(text).toContain('| ❌ | P1 acked-durable | 3 of 400 acknowledged records lost<br>');
    expect(text).toContain('| ✅ | publish.p99 | \\< 20ms |');
    expect(text.trimEnd().endsWith(`${PASSED.replay}\n\`\`\``)).toBe(true);
    expect(markdownOf({ ...PASSED, workload: 'a|b\n<c>' })).toContain('a\\|b \\<c\\>');
  });

  test('JUnit counts failures and errors, and stays XML whatever the names hold', () => {
    expect(junitOf(PASSED)).toMatch(/tests="17" failures="0" errors="0"/);
    expect(junitOf(syntheticRecord('fail'))).toMatch(/failures="2" errors="0"/);
    expect(junitOf(syntheticRecord('unknown'))).toMatch(/failures="0" errors="2"/);
    expect(junitOf(syntheticRecord('allowed'))).toMatch(/<system-out>ALLOWED P1 acked-durable/);
    const hostile = junitOf({ ...PASSED, workload: '</testcase>"&\u0000' });
    expect(hostile).toContain('&lt;/testcase&gt;&quot;&amp;\ufffd');
  });
});

describe('report', () => {
  test.each(KINDS)('is one page without script or request: %s', async (kind) => {
    const page = await renderReport(syntheticRecord(kind));
    expect(page.startsWith('<!doctype html>')).toBe(true);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=|href="(?!#)/);
    expect(page.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\//);
    expect(page.indexOf(`class="verdict ${kind}"`)).toBeGreaterThan(0);
    for (const heading of [
      'Rules',
      'Thresholds',
      'Percentile spectrum',
      'Over time',
      'Faults',
      'Environment',
      'Replay',
    ]) {
      expect(page).toContain(`<h2>${heading}</h2>`);
    }
    expect(page).toContain('prefers-color-scheme:dark');
    expect(page).not.toMatch(/NaN|undefined|\[object/);
  });

  test('escapes what comes from outside', async () => {
    const hostile = '<script>alert("x")</script>';
    const page = await renderReport({ ...PASSED, workload: hostile, workloadText: hostile, replay: hostile });
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;');
  });

  test('stands without series, faults, latencies or thresholds', async () => {
    const bare: RunRecord = {
      ...PASSED,
      metrics: { throughput: PASSED.metrics.throughput },
      faults: [],
      expect: [],
      series: [],
      spectra: {},
      phases: [],
      configs: {},
    };
    const page = await renderReport(bare);
    expect(page).not.toContain('<figure>');
    expect(page).not.toMatch(/NaN|undefined/);
  });

  test('draws a band for every fault in every panel', async () => {
    const panels = 7;
    const svg = await renderSvg(PASSED, 'timeline');
    const bands = svg.match(/fill="#b8608f"/g)?.length ?? 0;
    expect(bands).toBe(PASSED.faults.length * panels);
    const calm = await renderSvg({ ...PASSED, faults: [] }, 'timeline');
    expect(calm).not.toContain('#b8608f');
  });

  test('a cell of the heat map for every bin, and no panel without them', async () => {
    const cells = PASSED.series.reduce(
      (sum, { publish, endToEnd }) => sum + (publish?.bins?.length ?? 0) + (endToEnd?.bins?.length ?? 0),
      0,
    );
    expect(cells).toBeGreaterThan(500);
    const svg = await renderSvg(PASSED, 'timeline');
    const drawn = (text: string) => text.match(/fill="#0072b2"/g)?.length ?? 0;
    expect(drawn(svg)).toBe(cells);
    const bare = PASSED.series.map(({ publish: _p, endToEnd: _e, ...point }) => point);
    expect(await renderSvg({ ...PASSED, series: bare }, 'timeline')).not.toContain('heat map');
  });

  test('an earlier run stands beside it, in a table and in one drawing', async () => {
    const { publish } = PASSED.metrics;
    const before: RunRecord = {
      ...PASSED,
      id: 'earlier',
      metrics: { ...PASSED.metrics, publish: { ...publish!, p50: publish!.p50! / 2 } },
    };
    const page = await renderReport(PASSED, before);
    expect(page).toContain('<h2>Against an earlier run</h2>');
    expect(page).toContain('publish.p50 100.0 % slower, exact');
    expect(page).toContain('<h2>Publish latency, both runs</h2>');
    expect(await renderReport(PASSED)).not.toContain('earlier run');
  });

  test('PNG without a browser', async () => {
    const png = await renderPng(PASSED, 'spectrum', { theme: 'dark' });
    expect([...png.subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    const view = new DataView(png.buffer, png.byteOffset);
    expect(view.getUint32(16)).toBeGreaterThan(1500);
  });

  test('legends name only what is drawn, and no percentile that is a guess', async () => {
    const thin = PASSED.series.map((point) => ({
      ...point,
      ...(point.publish === undefined ? {} : { publish: { count: 500, p50: 1, p99: 2, 'p99.9': 3, max: 4 } }),
    }));
    const { publish } = PASSED.spectra;
    const record = {
      ...PASSED,
      series: thin.map(({ endToEnd: _, ...point }) => point),
      spectra: { publish: publish! },
    };
    const timeline = await renderSvg(record, 'timeline');
    expect(timeline).toContain('>p50</text>');
    expect(timeline).toContain('>max</text>');
    expect(timeline).not.toMatch(/>p99(\.9)?<\/text>/);
    expect(await renderSvg(record, 'spectrum')).not.toContain('>end-to-end</text>');
    expect(await renderSvg(PASSED, 'spectrum')).toContain('>end-to-end</text>');
  });

  test('themes set every colour', async () => {
    const page = await renderSvg(PASSED, 'spectrum', { theme: 'page' });
    const colours = new Set(page.match(/(?:fill|stroke)="(?!none|transparent)[^"]*"/g));
    expect([...colours].filter((colour) => !colour.includes('var(--chart-'))).toEqual([]);
    expect(await renderSvg(PASSED, 'spectrum', { theme: 'dark' })).toContain('#14171c');
  });
});
