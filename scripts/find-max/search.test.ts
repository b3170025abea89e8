import { describe, expect, test } from 'vitest';
import { createRandom } from '../../core/random.ts';
import type { RateProbe } from '../../reports/rate-search.ts';
import { type ProbeResult, type SearchOptions, searchRate } from './search.ts';

const held: ProbeResult = {
  acked: 0,
  held: true,
  reason: null,
  cause: null,
  lagMs: 0,
  backlog: 0,
  failed: 0,
  hopeless: false,
};
const failed = (cause: string): ProbeResult => ({ ...held, held: false, reason: 'too slow', cause });

function search(probe: SearchOptions['probe'], change: Partial<SearchOptions> = {}) {
  return searchRate({
    probe,
    limits: ['publish.p99 < 50ms'],
    from: 1_000,
    atMost: 10_000_000,
    resolution: 0.02,
    exact: true,
    ...change,
  });
}

/** A cluster that holds up to `capacity`; the confirmation may have one of its own. */
const upTo =
  (capacity: number, confirmed = capacity) =>
  async (rate: number, stage: RateProbe['stage']): Promise<ProbeResult> =>
    rate <= (stage === 'confirm' ? confirmed : capacity) ? held : failed('publish.p99');

describe('a search for the highest rate', () => {
  test('ends within its resolution, from below and from above', async () => {
    for (const capacity of [1, 7, 333, 1_000, 1_001, 184_000, 3_716_000]) {
      for (const from of [1_000, 64_000]) {
        const { rate, limitedBy, confirmation } = await search(upTo(capacity), { from });
        expect(rate).toBeLessThanOrEqual(capacity);
        expect(capacity / rate).toBeLessThanOrEqual(Math.max(1.02, (rate + 1) / rate));
        expect(limitedBy).toBe('publish.p99');
        expect(confirmation).toEqual({ rate: Math.max(1, Math.floor(rate * 0.95)), held: true });
      }
    }
  });

  test('a noisy machine moves the answer by less than five per cent', async () => {
    const answers = Array.from({ length: 40 }, async (_, index) => {
      const random = createRandom(`noise ${index}`);
      // A quarter of all probes is disturbed, at whatever rate; the capacity itself wanders by a per cent.
      const disturbed = async (rate: number): Promise<ProbeResult> =>
        random.float() < 0.25 || rate > 200_000 * (0.99 + 0.02 * random.float()) ? failed('publish.p99') : held;
      return (await search(disturbed, { exact: false })).rate;
    });
    const rates = (await Promise.all(answers)).sort((a, b) => a - b);
    expect(rates[37]! / rates[2]!).toBeLessThan(1.05);
    expect(rates[0]!).toBeGreaterThan(185_000);
    expect(rates.at(-1)!).toBeLessThanOrEqual(204_000);
  });

  test('a border that is no line but a slope is found in its middle, not at the end that luck allows', async () => {
    const answers = Array.from({ length: 40 }, async (_, index) => {
      const random = createRandom(`slope ${index}`);
      // From 185 k, where all hold, to 215 k, where none does.
      const sloped = async (rate: number): Promise<ProbeResult> =>
        random.float() < (215_000 - rate) / 30_000 ? held : failed('publish.p99');
      return await search(sloped, { exact: false });
    });
    const found = await Promise.all(answers);
    const rates = found.map(({ rate }) => rate).sort((a, b) => a - b);
    expect(rates[37]! / rates[2]!).toBeLessThan(1.05);
    expect(found.filter(({ confirmation }) => confirmation?.held === true).length).toBe(40);
    expect(Math.max(...found.map(({ probes }) => probes.length))).toBeLessThan(60);
  });

  test('what only fails for longer lowers the answer until it holds', async () => {
    const { rate, confirmation, limitedBy } = await search(upTo(100_000, 88_000));
    expect(confirmation?.held).toBe(true);
    expect(confirmation!.rate).toBeLessThanOrEqual(88_000);
    expect(rate).toBeGreaterThan(88_000);
    expect(rate).toBeLessThan(97_000);
    expect(limitedBy).toBe('publish.p99');
    expect((await search(upTo(100_000, 10))).confirmation).toMatchObject({ held: false });
  });

  test('says when nothing holds, when its own end was reached, and when it was stopped', async () => {
    expect(await search(async () => failed('errors'))).toMatchObject({
      rate: 0,
      limitedBy: 'errors',
      confirmation: null,
    });
    expect(await search(upTo(1e9), { atMost: 5_000 })).toMatchObject({
      rate: 5_000,
      limitedBy: null,
      confirmation: { rate: 4_750, held: true },
    });
    let left = 3;
    const stopped = await search(async () => (left-- > 0 ? held : null));
    expect(stopped).toMatchObject({ rate: 4_000, confirmation: null });
  });

  test('a rate that fails is tried again, in the confirmation twice; an exact one once', async () => {
    const tries = async (stage: RateProbe['stage'], exact: boolean) => {
      const { probes } = await search(async () => failed('publish.p99'), { exact, resolution: 1 });
      const capped = await search(upTo(1_000, 0), { exact, resolution: 1 });
      const of = stage === 'ramp' ? probes : capped.probes.filter((probe) => probe.stage === stage);
      return of.filter(({ rate }) => rate === of[0]!.rate).length;
    };
    expect(await tries('ramp', false)).toBe(3);
    expect(await tries('confirm', false)).toBe(3);
    expect([await tries('ramp', true), await tries('confirm', true)]).toEqual([1, 1]);
  });
});
