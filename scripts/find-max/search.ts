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
const TRIES = 3;
const TRIES_HOPELESS = 2;
/** The confirmation runs at this share of the answer, which is what to load a cluster with at most. */
const CONFIRM_SHARE = 0.95;
const CONFIRM_ROUNDS = 3;

/**
 * The highest rate that holds: doubled until it does not, then bisected (by the geometric mean, for what counts is the
 * ratio), then confirmed by a longer run at 0.95 of the answer. A rate that fails is tried again; one that holds once holds,
 * for what disturbs a machine only ever adds latency. Where the confirmation fails the answer is lowered and confirmed anew.
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
    let tries = exact ? 1 : TRIES;
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
      if (rate <= high) limitedBy = probe.cause;
      if (hopeless) tries = Math.min(tries, TRIES_HOPELESS);
    }
    return false;
  };
  const result = (rate: number, confirmation: RateSearch['confirmation']): RateSearch => {
    return { rate, resolution, limits, limitedBy, confirmation, probes };
  };

  const ramp = async (from: number, factorOf: (step: number) => number): Promise<void> => {
    let rate = rounded(Math.min(from, atMost));
    for (let step = 1; !stopped; step++) {
      if (await holds(rate, 'ramp')) {
        low = rate;
        if (rate >= atMost || high < Number.POSITIVE_INFINITY) return;
        rate = Math.max(low + 1, rounded(Math.min(rate * factorOf(step), atMost)));
      } else if (!stopped) {
        high = rate;
        if (low > 0 || rate <= RATE_MIN) return;
        rate = rounded(Math.max(rate / 2, RATE_MIN));
      }
    }
  };
  const bisect = async (): Promise<void> => {
    while (!stopped && high / low > 1 + resolution) {
      const middle = rounded(Math.sqrt(low * high));
      // Whole records a second: two neighbours have nothing between them.
      if (middle <= low || middle >= high) return;
      if (await holds(middle, 'bisect')) low = middle;
      else if (!stopped) high = middle;
    }
  };
  await ramp(options.from, () => 2);
  while (!stopped && low > 0 && high < Number.POSITIVE_INFINITY) {
    await bisect();
    // What failed long ago may have failed for a noise of that time: only a bound that fails again ends the search.
    const bound = high;
    if (exact || stopped || !(await holds(bound, 'bisect'))) break;
    low = bound;
    high = Number.POSITIVE_INFINITY;
    if (low < atMost) await ramp(low * (1 + 2 * resolution), (step) => (1 + 2 * resolution) ** (2 ** step));
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
    low = rate;
  }
}

/** Three digits and a half: 12,345 → 12,350. Rates of a file are no finer, and equal searches probe equal rates. */
function rounded(rate: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(rate)) - 3);
  return Math.max(RATE_MIN, Math.round(rate / step) * step);
}
