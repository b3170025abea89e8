import { describe, expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import type { Random } from '../../core/runtime.ts';
import { EXIT, type RunRecord } from '../run-record.ts';
import { syntheticRecord } from '../synthetic-record.ts';
import { changePoints } from './change-points.ts';
import { ComparisonError, compare, compareSelf, noiseFloors, refuseUnlike } from './compare.ts';
import { bencherMetricFormat, githubActionBenchmark } from './exports.ts';
import { comparisonJunit, comparisonMarkdown, comparisonText } from './render.ts';
import { holm, incompleteBeta, pairedEffect, welch } from './statistics.ts';

const BASE = syntheticRecord('pass');

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.float())) * Math.cos(2 * Math.PI * random.float());
}

/** A run of a real cluster whose machine made everything slower by `factor`, with noise of its own in each figure. */
function run(factor: number, noise: () => number, target: RunRecord['target'] = 'local'): RunRecord {
  const scaled = (summary: RunRecord['metrics']['publish']) => {
    const by = factor * noise();
    return { ...summary!, p50: summary!.p50! * by, p99: summary!.p99! * factor * noise(), mean: summary!.mean! * by };
  };
  const { sim: _sim, ...rest } = BASE;
  const { publish, endToEnd, throughput } = BASE.metrics;
  const acked = (throughput.acked / factor) * noise();
  const rates = { ...throughput, acked, consumed: (throughput.consumed / factor) * noise() };
  return { ...rest, target, metrics: { publish: scaled(publish), endToEnd: scaled(endToEnd), throughput: rates } };
}

/** Pairs in ABBA order on a machine that drifts by 6 %, with 3 % of noise a run. */
function trial(seed: string, slowdown: number, pairs: number): [RunRecord[], RunRecord[]] {
  const random = createRandom(seed);
  const noise = () => Math.exp(0.03 * normal(random));
  const arms: [RunRecord[], RunRecord[]] = [[], []];
  let drift = 0;
  for (let pair = 0; pair < pairs; pair++) {
    for (const arm of pair % 2 === 0 ? [0, 1] : [1, 0]) {
      drift = 0.9 * drift + 0.06 * Math.sqrt(1 - 0.81) * normal(random);
      arms[arm]!.push(run(Math.exp(drift) * (arm === 1 ? slowdown : 1), noise));
    }
  }
  return arms;
}

const LABELS: { labels: readonly [string, string] } = { labels: ['base', 'change'] };

describe('the gate', () => {
  // Once for the machine, as an A/A comparison stores it.
  const noise = noiseFloors(compare(...trial('calibration', 1, 12), LABELS));

  test('an arm held against itself learns the noise of the machine and passes, unless equals differ', () => {
    const shaky = (seed: string, slowdown: number): [RunRecord[], RunRecord[]] => {
      const random = createRandom(seed);
      const arm = (by: number) => Array.from({ length: 8 }, () => run(by, () => Math.exp(0.3 * normal(random))));
      return [arm(1), arm(slowdown)];
    };
    expect(compare(...shaky('shaky', 1), LABELS).result).toBe('unstable');
    const self = compareSelf(...shaky('shaky', 1), LABELS);
    expect(self.exit).toBe(EXIT.pass);
    expect(self.sentence).toMatch(/^SAME.* no smaller change can be seen than .*publish\.p99 \d+ %/);
    expect(compareSelf(...trial('trial 3', 1.2, 8), LABELS).exit).toBe(EXIT.regression);
  });

  test('identical arms pass 20 times of 20, a slowdown of 10 % fails 20 times of 20, at eight pairs', () => {
    const exits = (slowdown: number) =>
      Array.from(
        { length: 20 },
        (_, index) => compare(...trial(`trial ${index}`, slowdown, 8), { ...LABELS, noise }).exit,
      );
    expect(exits(1)).toEqual(new Array(20).fill(EXIT.pass));
    expect(exits(1.1)).toEqual(new Array(20).fill(EXIT.regression));
  });

  test('a regression names the metric, how much and how sure', () => {
    const comparison = compare(...trial('named', 1.25, 8), { ...LABELS, noise });
    expect(comparison.result).toBe('regressed');
    expect(comparison.sentence).toMatch(
      /publish\.p50 2\d\.\d % slower \(95 % interval \+\d+\.\d % to \+\d+\.\d %, p = 0\.00/,
    );
    expect(compare(...trial('named', 1.25, 8), { ...LABELS, noise })).toEqual(comparison);
  });

  test('where the load generator fell behind, its latencies decide nothing, and what brokers say of themselves does', () => {
    const cpu = (record: RunRecord, cpuUsPerRecord: number): RunRecord => {
      const part = { part: 'broker 1', loopLagMsMax: 1, gcMsMax: 1, gcShare: 0, utilization: 0.5, heapBytesMax: 1e6 };
      return { ...record, telemetrySummary: [{ ...part, cpuUsPerRecord }] };
    };
    const random = createRandom('behind');
    const arms = (slower: number, cpuSlower: number, disturbed: number): [RunRecord[], RunRecord[]] => {
      const arm = (by: number, cpuBy: number) =>
        Array.from({ length: 8 }, (_, pair): RunRecord => {
          const noise = () => Math.exp(0.01 * normal(random));
          const record = cpu(run(by, noise), 5 * cpuBy * noise());
          const behind = { state: 'fell behind', achieved: 0.9, lagMsMax: 500 } as const;
          return pair < disturbed ? { ...record, generator: behind } : record;
        });
      return [arm(1, 1), arm(slower, cpuSlower)];
    };
    const late = compare(...arms(2, 1, 2), LABELS);
    expect([late.exit, late.sentence]).toEqual([
      EXIT.inconclusive,
      expect.stringMatching(/^UNDECIDED: the load generator fell behind in 2 of 8 pairs/),
    ]);
    expect(compare(...arms(2, 1, 0), LABELS).exit).toBe(EXIT.regression);
    expect(compare(...arms(1, 1.1, 8), LABELS).sentence).toMatch(/^REGRESSED: broker\.cpu \d+\.\d % more \(95 %/);
  });

  test('a gain is no regression', () => {
    const comparison = compare(...trial('gain', 0.8, 8), { ...LABELS, noise });
    expect([comparison.result, comparison.exit]).toEqual(['improved', EXIT.pass]);
  });

  test('fewer than eight pairs decide nothing, nor does one run of each', () => {
    expect(compare(...trial('few', 1.5, 7), LABELS).exit).toBe(EXIT.inconclusive);
    expect(compare(...trial('one', 1.5, 1), LABELS).sentence).toContain('one run of each arm says nothing');
  });

  test('an interval that reaches far to the worse side is unstable, never green', () => {
    const random = createRandom('wild');
    const wild = () => run(Math.exp(0.4 * normal(random)), () => 1);
    const arms = [0, 1].map(() => Array.from({ length: 8 }, wild)) as [RunRecord[], RunRecord[]];
    const comparison = compare(...arms, LABELS);
    expect([comparison.result, comparison.exit]).toEqual(['unstable', EXIT.inconclusive]);
  });

  test('a durability violation outranks everything', () => {
    const failed = { ...BASE, verdict: syntheticRecord('fail').verdict };
    expect(compare([BASE], [failed], LABELS).exit).toBe(EXIT.durabilityViolation);
  });
});

describe('simulated figures', () => {
  const simulated = (change: (publish: NonNullable<RunRecord['metrics']['publish']>) => object): RunRecord => ({
    ...BASE,
    metrics: { ...BASE.metrics, publish: { ...BASE.metrics.publish!, ...change(BASE.metrics.publish!) } },
  });

  test('are the same only when they are equal', () => {
    expect(compare([BASE], [BASE], LABELS)).toMatchObject({ result: 'same', exit: EXIT.pass });
    const slightly = compare([BASE], [simulated(({ p99 }) => ({ p99: p99! * 1.0001 }))], LABELS);
    expect(slightly).toMatchObject({ result: 'changed', exit: EXIT.pass });
  });

  test('regress without doubt when they are worse by more than the smallest effect', () => {
    const comparison = compare([BASE], [simulated(({ p50 }) => ({ p50: p50! * 1.2 }))], LABELS);
    expect(comparison).toMatchObject({ result: 'regressed', exit: EXIT.regression });
    expect(comparison.sentence).toContain('publish.p50 20.0 % slower, exact');
  });

  test('of another workload are refused, and wall-clock figures of another machine', () => {
    expect(() => refuseUnlike(BASE, { ...BASE, workloadHash: 'another' })).toThrow(ComparisonError);
    expect(() => refuseUnlike(BASE, { ...BASE, seed: 43 })).toThrow(/seed 42, .* under 43/);
    const elsewhere = { ...BASE, environment: { ...BASE.environment, cores: 64 } };
    expect(() => refuseUnlike(BASE, elsewhere)).not.toThrow();
    const local = { ...BASE, target: 'local' } as const;
    expect(() => refuseUnlike(local, { ...elsewhere, target: 'local' })).toThrow(/different machines/);
  });
});

describe('what is printed', () => {
  const comparison = compare(...trial('printed', 1.3, 8), LABELS);

  test('a table for each place', () => {
    expect(comparisonText(comparison)).toMatch(/^REGRESSED: .*\nA base .*8 pairs\n\nmetric/);
    expect(comparisonText(comparison)).toMatch(
      /publish\.p99 ms +\S+ +\S+ +1\.\d{3} \[1\.\d+, 1\.\d+\] +8 % +REGRESSED/,
    );
    expect(comparisonMarkdown(comparison)).toMatch(/^### REGRESSED/);
    expect(comparisonJunit(comparison)).toMatch(/name="publish\.p50"><failure message="publish\.p50 ms/);
  });

  test('figures for github-action-benchmark and Bencher', () => {
    const [first] = githubActionBenchmark(BASE, 'lower') as { name: string; unit: string }[];
    expect(first).toMatchObject({ name: 'orders publish.p50', unit: 'ms' });
    const bencher = bencherMetricFormat(BASE) as Record<string, Record<string, { value: number }>>;
    expect(bencher['orders/publish.p99']!.latency!.value).toBeCloseTo(BASE.metrics.publish!.p99! * 1e6, 3);
    expect(bencher['orders/throughput.acked']!.throughput!.value).toBe(BASE.metrics.throughput.acked);
  });
});

describe('statistics', () => {
  test('known values', () => {
    expect(incompleteBeta(0.5, 2, 3)).toBeCloseTo(0.6875, 10);
    // t = −2.828 with 18 degrees of freedom.
    const left = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(
      welch(
        left,
        left.map((value) => value + 3.829708),
      ),
    ).toBeCloseTo(0.01112, 4);
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
    const effect = pairedEffect([1, 2, 4, 8], [2, 4, 8, 16]);
    expect([effect.ratio, effect.low, effect.high].map((value) => value.toFixed(9))).toEqual(
      new Array(3).fill('2.000000000'),
    );
  });

  test('pairs that all lie on one side, far scattered, convince nobody; close together they do', () => {
    const ones = new Array<number>(8).fill(1);
    const p = (logs: readonly number[]) => pairedEffect(ones, logs.map(Math.exp)).p;
    expect(p([0.02, 0.01, 0.5, 0.03, 1.2, 0.04, 0.02, 2])).toBeCloseTo(0.112, 2);
    expect(p([0.09, 0.1, 0.11, 0.08, 0.1, 0.12, 0.1, 0.09])).toBeLessThan(0.001);
    expect(p(ones.map(() => 0))).toBe(1);
  });

  test('change points: a step is found where it is, noise has none', () => {
    const random = createRandom('nightly');
    const noise = () => 1 + 0.01 * normal(random);
    const stepped = Array.from({ length: 90 }, (_, night) => (night < 60 ? 100 : 110) * noise());
    const found = changePoints(stepped);
    expect(found.map(({ index }) => index)).toEqual([60]);
    expect(found[0]!.after / found[0]!.before).toBeCloseTo(1.1, 1);
    expect(changePoints(Array.from({ length: 90 }, () => 100 * noise()))).toEqual([]);
    expect(changePoints([])).toEqual([]);
    expect(changePoints(new Array(10).fill(5))).toEqual([]);
  });
});
