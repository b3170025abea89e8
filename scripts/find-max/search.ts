import type { RateProbe, RateSearch } from '../../reports/rate-search.ts';

/** What a probe found, before it has its place in the search. */
export interface ProbeResult extends Omit<RateProbe, 'stage' | 'rate'> {
  /** So far beyond the limits that no luck would have helped. */
  readonly hopeless: boolean;
}

export interface SearchOptions {
  /** Runs the load at a rate and holds it against the limits; null when somebody ended the search. */
  readonly probe: (rate: number, stage: RateProbe['stage']) => Promise<ProbeResult | null>;
  readonly limits: readonly string[];
  /** Where the ramp starts, records per second. */
  readonly from: number;
  /** No probe above it. */
  readonly atMost: number;
  /** The search ends when the lowest rate that did not hold is at most this share above the highest that did. */
  readonly resolution: number;
  /** The same rate always gives the same figures: nothing is tried twice. */
  readonly exact: boolean;
  readonly onProbe?: (probe: RateProbe) => void;
}

/** A rate below this is no rate. */
const RATE_MIN = 1;
/** How often a rate may fail before it counts as too high; noise of a machine makes latency worse, never better. */
const TRIES = { ramp: 3, bisect: 2, settle: 2, confirm: 3 } as const;
const TRIES_HOPELESS = 2;
/** The bisection of a wall clock ends when the bounds are so many resolutions apart: the rest is luck, and settled. */
const COARSE = 3;
/** Steps of the settling: the last so many count, once as many of them go up as down but for `drift`. */
const SETTLE_STEPS = { counted: 12, most: 60, sameWay: 4, drift: 4 } as const;
/** The confirmation runs at this share of the answer, which is what to load a cluster with at most. */
const CONFIRM_SHARE = 0.95;
const CONFIRM_ROUNDS = 3;

/**
 * The highest rate that holds: doubled until it does not, then bisected (by the geometric mean, for what counts is the
 * ratio), then settled, then confirmed by a longer run at 0.95 of the answer. A rate that fails is tried again, for what
 * disturbs a machine adds latency and never takes any away. Near the border luck decides a single probe, so that the best of
 * many would be the luckiest: settling walks up where a rate holds and down where it fails, and the answer is the middle of
 * that walk, which is the border itself. Where the confirmation fails the answer is lowered and confirmed anew.
 */
export async function searchRate(options: SearchOptions): Promise<RateSearch> {
  const { limits, resolution, exact, atMost } = options;
  const probes: RateProbe[] = [];
  let stopped = false;
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  /** Of the last probe that did not hold. */
  let limitedBy: string | null = null;

  const holds = async (rate: number, stage: RateProbe['stage']): Promise<boolean> => {
    let tries: number = exact ? 1 : TRIES[stage];
    for (let attempt = 1; attempt <= tries; attempt++) {
      const found = await options.probe(rate, stage);
      if (found === null) {
        stopped = true;
        return false;
      }
      const { hopeless, ...figures } = found;
      const probe: RateProbe = { stage, rate, ...figures };
      probes.push(probe);
      options.onProbe?.(probe);
      if (probe.held) return true;
      limitedBy = probe.cause;
      if (hopeless) tries = Math.min(tries, TRIES_HOPELESS);
    }
    return false;
  };
  const result = (rate: number, confirmation: RateSearch['confirmation']): RateSearch => {
    return { rate, resolution, limits, limitedBy, confirmation, probes };
  };

  const ramp = async (from: number): Promise<void> => {
    let rate = rounded(Math.min(from, atMost));
    while (!stopped) {
      if (await holds(rate, 'ramp')) {
        low = rate;
        if (rate >= atMost || high < Number.POSITIVE_INFINITY) return;
        rate = Math.max(low + 1, rounded(Math.min(rate * 2, atMost)));
      } else if (!stopped) {
        high = rate;
        if (low > 0 || rate <= RATE_MIN) return;
        rate = rounded(Math.max(rate / 2, RATE_MIN));
      }
    }
  };
  const bisect = async (): Promise<void> => {
    const enough = 1 + (exact ? resolution : COARSE * resolution);
    while (!stopped && high / low > enough) {
      const middle = rounded(Math.sqrt(low * high));
      // Whole records a second: two neighbours have nothing between them.
      if (middle <= low || middle >= high) return;
      if (await holds(middle, 'bisect')) low = middle;
      else if (!stopped) high = middle;
    }
  };
  /**
   * Up and down by the resolution (Dixon and Mood's staircase). Several steps the same way say that the border is far, for
   * an earlier stage met a noise of its time: then the steps grow, and what was seen on the way does not count.
   */
  const settle = async (): Promise<number> => {
    const { counted, most, sameWay, drift } = SETTLE_STEPS;
    let borders: { readonly at: number; readonly way: number }[] = [];
    const sumOf = (what: 'at' | 'way'): number => borders.reduce((sum, border) => sum + border[what], 0);
    const isSettled = (): boolean => borders.length === counted && Math.abs(sumOf('way')) <= drift;
    let rate = rounded(Math.sqrt(low * high));
    let size = resolution;
    let inRow = 0;
    let lastWay = 0;
    for (let step = 1; step <= most && !isSettled(); step++) {
      const held = await holds(rate, 'settle');
      if (stopped) return low;
      if (held && rate >= atMost) {
        limitedBy = null;
        return rate;
      }
      if (!held && rate <= RATE_MIN) return 0;
      const way = held ? 1 : -1;
      inRow = way === lastWay ? inRow + 1 : 1;
      lastWay = way;
      if (inRow > sameWay) {
        borders = [];
        size = Math.min(1, size * 2);
      } else {
        if (inRow === 1) size = Math.max(resolution, size / 4);
        // The border lies half a step above what holds and half a step below what fails.
        const border = { at: Math.log(rate) + (way / 2) * Math.log1p(resolution), way };
        if (size === resolution) borders = [...borders, border].slice(-counted);
      }
      rate = rounded(held ? Math.min(rate * (1 + size), atMost) : Math.max(rate / (1 + size), RATE_MIN));
    }
    return borders.length === 0 ? rate : Math.min(atMost, rounded(Math.exp(sumOf('at') / borders.length)));
  };
  await ramp(options.from);
  if (!stopped && low > 0 && high < Number.POSITIVE_INFINITY) {
    await bisect();
    if (!exact && !stopped) low = await settle();
  }
  if (low === 0 || stopped) return result(low, null);
  const bound = limitedBy;
  for (let round = 1; ; round++) {
    const rate = Math.max(RATE_MIN, Math.floor(low * CONFIRM_SHARE));
    const held = await holds(rate, 'confirm');
    if (stopped) return result(low, null);
    if (held || round === CONFIRM_ROUNDS) {
      limitedBy = held && round === 1 ? bound : limitedBy;
      return result(low, { rate, held });
    }
    low = rounded(rate);
  }
}

/** Three digits and a half: 12,345 → 12,350. Rates of a file are no finer, and equal searches probe equal rates. */
function rounded(rate: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(rate)) - 3);
  return Math.max(RATE_MIN, Math.round(rate / step) * step);
}
