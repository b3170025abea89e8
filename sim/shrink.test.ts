import { expect, test } from 'vitest';
import { mutantWorkload } from './mutants/index.ts';
import { drawPlan, type Plan, PlanError, parsePlan } from './plan.ts';
import { shrink } from './shrink.ts';
import { ddmin } from './shrink-list.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test.each([[[3]], [[0, 63]], [[7, 8, 41]], [[]]])(
  'ddmin finds exactly the elements that matter: %j',
  async (wanted) => {
    let runs = 0;
    const found = await ddmin(numbers(64), async (list) => {
      runs++;
      return wanted.every((each) => list.includes(each));
    });
    expect(found).toEqual(wanted);
    expect(runs).toBeLessThan(64);
  },
);

test('a plan shrinks to what its failure needs', async () => {
  const plan = drawPlan(mutantWorkload('three brokers, crashes', 1));
  expect(plan.faults.length).toBeGreaterThan(3);
  const culprit = plan.faults[1]!.id;
  const failing = async ({ faults, workload }: Plan): Promise<['P1'] | []> =>
    faults.some(({ id }) => id === culprit) && workload.producers.length > 0 ? ['P1'] : [];
  const small = await shrink({ plan, rule: 'P1', failing, maxRuns: 500 });
  expect(small.isMinimal).toBe(true);
  expect(small.plan.faults.map(({ id }) => id)).toEqual([culprit]);
  expect(small.plan.latencies).toBe('constant');
  expect(small.plan.workload).toMatchObject({ consumers: [], topics: [{ partitions: 1 }] });
  expect(small.plan.faults[0]!.atNs % 1e6).toBe(0);
});

test('a failure that needs two faults and next to no load is left with two faults and ten records at most', async () => {
  const plan = drawPlan(mutantWorkload('three brokers, crashes', 1));
  const culprits = [plan.faults[0]!.id, plan.faults.at(-1)!.id];
  const failing = async ({ faults, workload }: Plan): Promise<['P1'] | []> => {
    const lastNs = Math.max(...faults.map(({ atNs }) => atNs));
    const { warmupMs, measureMs } = workload.phases;
    const both = culprits.every((id) => faults.some((fault) => fault.id === id));
    return both && lastNs < (warmupMs + measureMs) * 1e6 && workload.producers.length > 0 ? ['P1'] : [];
  };
  const small = await shrink({ plan, rule: 'P1', failing, maxRuns: 1000 });
  expect(small.isMinimal).toBe(true);
  expect(small.plan.faults.map(({ id }) => id)).toEqual(culprits);
  const { phases, producers } = small.plan.workload;
  const perSecond = producers.reduce((sum, { rate }) => sum + (rate.kind === 'fixed' ? rate.perSecond : 1000), 0);
  expect((perSecond * (phases.warmupMs + phases.measureMs)) / 1000).toBeLessThanOrEqual(10);
});

test('what does not fail is left as it is, and runs are bounded', async () => {
  const plan = drawPlan(mutantWorkload('one broker, kills', 1));
  expect(await shrink({ plan, rule: 'P1', failing: async () => [], maxRuns: 9 })).toMatchObject({ runs: 1, plan });
  const bounded = await shrink({ plan, rule: 'P1', failing: async () => ['P1'], maxRuns: 3 });
  expect(bounded).toMatchObject({ runs: 3, isMinimal: false });
});

test('plans are read back, and what is no plan is refused in words', () => {
  const plan = drawPlan(mutantWorkload('one broker, kills', 1));
  expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
  expect(parsePlan(JSON.stringify({ schema: 1, rule: 'P1', note: '', plan }))).toEqual(plan);
  for (const text of ['', '[]', '{"version":2}', JSON.stringify({ ...plan, faults: [{ id: 'f1' }] })]) {
    expect(() => parsePlan(text), text).toThrow(PlanError);
  }
});
