import { describe, expect, test } from 'vitest';
import { renderReport } from '../../reports/html.ts';
import { markdownOf } from '../../reports/markdown.ts';
import { summaryOf } from '../../reports/summary.ts';
import { parseWorkload } from '../../workloads/parse.ts';
import { assemble } from '../assemble.ts';
import { environment } from '../environment.ts';
import type { LoadedWorkload } from '../load-file.ts';
import { createProgress } from '../terminal.ts';
import { findMax } from './find-max.ts';
import { findMaxOptions, limitOverride } from './options.ts';
import { atRate } from './probe.ts';

const FILE = `
target: sim
cluster: { brokers: 1, profile: cloud-ebs }
topics: [{ name: t, config: { flush.messages: 1 } }]
producers:
  - { topic: t, rate: 300/s, value: 500B, client: { batch.size: 600B, linger.ms: 0 } }
  - { topic: t, rate: 100/s, value: 500B, client: { batch.size: 600B, linger.ms: 0 } }
consumers: [{ topic: t, group: g }]
phases: { warmup: 1s, measure: 1s, drain: 10s }
`;

function load(set: readonly string[] = []): LoadedWorkload {
  const parsed = parseWorkload(FILE, { file: 'fm.yaml', set });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const { workload } = parsed;
  return {
    ok: true,
    kind: 'workload',
    format: 'faultline',
    source: FILE,
    driverSource: null,
    workload,
    files: new Map(),
    warningTexts: [],
    matrix: [],
  };
}

const flags = { limit: [] };
const parts = {
  progress: createProgress(false),
  interrupted: new Promise<void>(() => {}),
  replay: 'bench run fm.yaml --find-max',
  client: null,
  onProbe: () => {},
};

describe('the search on a simulated cluster', () => {
  test('finds what its disk sustains, the same each time, and the record, the page and the terminal show the curve', async () => {
    const loaded = load([limitOverride('publish.p99=100ms')]);
    const options = findMaxOptions({ ...flags, from: '400/s', resolution: '10%' }, loaded.workload);
    const [first, again] = [
      await findMax(loaded, { ...options, ...parts }),
      await findMax(loaded, { ...options, ...parts }),
    ];
    expect(again.search).toEqual(first.search);
    const { search } = first;
    expect(search.limitedBy).toBe('publish.p99');
    expect(search.confirmation?.held).toBe(true);
    expect(search.rate).toBeGreaterThan(400);
    expect(search.probes.some(({ held }) => !held)).toBe(true);
    expect(search.probes.find(({ rate }) => rate === search.rate)?.p99).toBeLessThan(100);

    const context = {
      workload: first.workload,
      workloadText: FILE,
      files: loaded.files,
      startedAt: '2026-11-25T07:00:00.000Z',
      environment: environment(),
      replay: parts.replay,
      search,
      hash: first.hash,
    };
    const { record } = assemble(context, first.outcome);
    expect(record).toMatchObject({ exit: 0, search, workloadHash: first.hash });
    expect(assemble({ ...context, search: { ...search, confirmation: null } }, first.outcome).record.exit).toBe(25);
    expect(assemble({ ...context, search: { ...search, rate: 0 } }, first.outcome).record.exit).toBe(22);
    const answer = `${search.rate.toLocaleString('en-US')}/s`;
    expect(summaryOf(record, { color: false, columns: 200 })).toContain(`highest sustainable rate ${answer}`);
    expect(markdownOf(record)).toContain(answer);
    const page = await renderReport(record);
    expect(page).toContain(`Highest sustainable rate: ${answer}`);
    expect(page).toContain(`>${answer}</text>`);
  });
});

describe('options of the search', () => {
  test('the entries of a file keep their shares of the rate', () => {
    const rates = (set: readonly string[]) => atRate(load(set).workload, 1_000).producers.map(({ rate }) => rate);
    expect(rates([])).toEqual([
      { kind: 'fixed', perSecond: 750 },
      { kind: 'fixed', perSecond: 250 },
    ]);
    const unequal = rates(['producers[0].rate=max', 'producers[0].count=4']);
    expect(unequal).toEqual([
      { kind: 'fixed', perSecond: 800 },
      { kind: 'fixed', perSecond: 200 },
    ]);
  });

  test('limits are lines of the file, and what cannot be searched is refused', () => {
    expect(load([limitOverride('endToEnd.p99=20ms')]).workload.expect).toMatchObject([
      { name: 'endToEnd.p99', limit: 20 },
    ]);
    expect(load([limitOverride('publish.p99=<= 5ms')]).workload.expect).toMatchObject([{ text: '<= 5ms' }]);
    expect(() => limitOverride('publish.p99')).toThrow('expected name=value');
    const refused =
      (set: readonly string[], more: object = {}) =>
      () =>
        findMaxOptions({ ...flags, ...more }, load(set).workload);
    expect(refused(['faults=[{ at: 1s, kill: any }]'])).toThrow('without faults');
    expect(refused(['expect.publish.p50=">= 1ms"'])).toThrow('no limit from above');
    expect(refused([], { resolution: '0' })).toThrow('--resolution');
    expect(refused([], { probe: '5 lightyears' })).toThrow('--probe');
    expect(findMaxOptions(flags, load().workload)).toMatchObject({ from: 50, resolution: 0.02, probeMs: 1_000 });
  });
});
