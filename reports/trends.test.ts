import { expect, test } from 'vitest';
import { createRandom } from '../core/random.ts';
import { nightBencher, nightGithubActionBenchmark } from './compare/exports.ts';
import { judgeTrend, type TrendSeries, trendsText } from './trends.ts';
import { renderTrends } from './trends-page.ts';

/** Nights of three runs each around the given levels, with this much noise to either side. */
function series(levels: readonly number[], noise: number, change: Partial<TrendSeries> = {}): TrendSeries {
  const random = createRandom(`${levels.join(' ')} ${noise}`);
  return {
    load: 'steady',
    metric: 'broker.cpu',
    unit: 'µs/record',
    better: 'lower',
    exact: false,
    samples: levels.flatMap((level, night) =>
      [1, 2, 3].map((repeat) => ({
        night: `2026-11-${String(night + 1).padStart(2, '0')}`,
        runId: `run-${night}-${repeat}`,
        commit: 'c0ffee',
        value: level * (1 + noise * (2 * random.float() - 1)),
      })),
    ),
    ...change,
  };
}

test('three nights alike raise no alarm, a slowdown in the fourth does, an improvement only moves', () => {
  expect(judgeTrend(series([4], 0.05)).state).toBe('new');
  expect(judgeTrend(series([4, 4], 0.05)).state).toBe('new');
  expect(judgeTrend(series([4, 4, 4], 0.05)).state).toBe('steady');
  const slower = judgeTrend(series([4, 4, 4, 5], 0.05));
  expect(slower.state).toBe('alarm');
  expect(slower.sentence).toMatch(/worse by 2\d\.\d % .* all 3 runs beyond all 9 before, by chance once in 220$/);
  expect(judgeTrend(series([4, 4, 4, 3], 0.05)).state).toBe('moved');
  expect(judgeTrend(series([4, 4, 4, 3], 0.05, { better: 'higher' })).state).toBe('alarm');
});

test('noise alone raises an alarm less than once in a hundred nights, and rare percentiles never', () => {
  const alarms = Array.from({ length: 1000 }, (_, index) => {
    const random = createRandom(`night ${index}`);
    const levels = Array.from({ length: 4 }, () => 4 * (1 + 0.1 * random.float()));
    return judgeTrend(series(levels, 0.15 + 0.0001 * index)).state;
  }).filter((state) => state === 'alarm');
  expect(alarms.length).toBeLessThan(10);
  expect(judgeTrend(series([4, 4, 4, 40], 0.05, { metric: 'publish.p99' })).state).toBe('steady');
});

test('runs of a busy machine are held against those of busy nights alone', () => {
  const busy = ({ samples, ...rest }: TrendSeries, nights: readonly number[]): TrendSeries => {
    const names = new Set(nights.map((night) => `2026-11-0${night}`));
    return { ...rest, samples: samples.map((each) => (names.has(each.night) ? { ...each, isDisturbed: true } : each)) };
  };
  // Twice as dear because the machine was busy, or for whatever reason: nobody can tell.
  expect(judgeTrend(busy(series([4, 4, 4, 8], 0.05), [4]))).toMatchObject({
    state: 'new',
    sentence: 'the machine was busy, and too rarely before to judge by',
  });
  expect(judgeTrend(busy(series([4, 4, 4, 8], 0.05), [1, 2, 3, 4])).state).toBe('alarm');
  expect(judgeTrend(busy(series([8, 4, 8, 4, 8], 0.05), [1, 3, 5])).state).toBe('steady');
  // A calm night after busy ones is no regression, and a slow one after calm ones is, whatever the busy ones were like.
  expect(judgeTrend(busy(series([8, 4, 4, 8, 8], 0.05), [1, 4])).state).toBe('alarm');
});

test('exact figures are held against the night before', () => {
  const exact = { exact: true, metric: 'sim.events', unit: 'events' };
  expect(judgeTrend(series([100, 100], 0, exact)).state).toBe('steady');
  expect(judgeTrend(series([100, 101], 0, exact)).state).toBe('moved');
  expect(judgeTrend(series([100, 110], 0, exact))).toMatchObject({ state: 'alarm' });
  expect(judgeTrend(series([100, 110, 110], 0, exact)).state).toBe('steady');
});

test('one page and one text: alarms first; equal exact figures are counted, not drawn', async () => {
  const trends = [
    judgeTrend(series([100, 100], 0, { exact: true, load: 'matrix all 0 1', metric: 'sim.events' })),
    judgeTrend(series([4, 4, 4, 8], 0.05)),
  ];
  expect(trendsText(trends)).toMatch(/^ALARM {2}steady {2}broker\.cpu: worse by/);
  expect(trendsText(trends.slice(0, 1))).toBe('no alarm: 1 figures over 2 nights\n');
  const page = await renderTrends(trends, { title: 'night', lines: ['campaign: <all> pass'] });
  expect(page).toContain('1 figure got worse');
  expect(page).toContain('campaign: &lt;all&gt; pass');
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).toMatch(/<header.*<b>steady, broker\.cpu<\/b>: worse by .*<\/header>/);
  expect(page.indexOf('<svg')).toBeLessThan(page.indexOf('1 simulated figures, equal to the night before'));
});

test('exports: what github-action-benchmark and Bencher read', () => {
  const trends = [
    judgeTrend(series([4, 4], 0.05)),
    judgeTrend(series([20_000, 20_000], 0, { metric: 'throughput.acked', unit: 'records/s', better: 'higher' })),
    judgeTrend(series([2, 2], 0, { metric: 'publish.p50', unit: 'ms' })),
    judgeTrend(series([2, 2], 0, { metric: 'commit.p50', unit: 'ms' })),
  ];
  const [cpu, rate, latency, ...others] = nightGithubActionBenchmark(trends) as {
    name: string;
    unit: string;
    value: number;
    range?: string;
  }[];
  expect(others).toEqual([]);
  expect(cpu).toMatchObject({
    name: 'steady broker.cpu',
    unit: 'µs/record',
    range: expect.stringMatching(/^± 0\.\d+$/),
  });
  expect(rate).toMatchObject({ unit: 'ns/record', value: 50_000 });
  expect(latency).toMatchObject({ name: 'steady publish.p50', unit: 'ms', value: 2 });
  expect(nightBencher(trends)).toMatchObject({
    'steady/publish.p50': { latency: { value: 2e6, lower_value: 2e6, upper_value: 2e6 } },
    'steady/throughput.acked': { throughput: { value: 20_000 } },
    'steady/broker.cpu': { 'cpu-microseconds-per-record': { value: expect.any(Number) } },
  });
});
