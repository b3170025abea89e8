import { figure } from './figure.ts';
import { grouped } from './verdict/tally.ts';

/** One probe of a search for the highest sustainable rate: a run at a fixed rate, held against the limits. */
export interface RateProbe {
  readonly stage: 'ramp' | 'bisect' | 'settle' | 'confirm';
  /** Records per second that the probe asked for. */
  readonly rate: number;
  readonly acked: number;
  readonly held: boolean;
  /** Why it did not hold; null when it did. */
  readonly reason: string | null;
  /** What the reason is about: the name of a threshold, `backlog`, `errors`, `generator`, `stopped`. */
  readonly cause: string | null;
  /** Publish latency, milliseconds; absent where too few samples lie beyond. */
  readonly p50?: number;
  readonly p99?: number;
  readonly 'p99.9'?: number;
  /** Delay of the generator itself, 99th percentile, milliseconds. */
  readonly lagMs: number;
  /** Records acknowledged and not consumed when the load ended; null without one count of readers. */
  readonly backlog: number | null;
  readonly failed: number;
}

export interface RateSearch {
  /** The rate above which probes begin to fail, records per second; 0 when none held. Exact: the highest that held. */
  readonly rate: number;
  /** Up to this share above `rate` nothing is known. */
  readonly resolution: number;
  readonly limits: readonly string[];
  /** The cause for which the next higher rate did not hold; null when the search ended at its own upper end. */
  readonly limitedBy: string | null;
  /** A longer run at this rate (0.95 of the answer) held, or did not; null when none was made. */
  readonly confirmation: { readonly rate: number; readonly held: boolean } | null;
  readonly probes: readonly RateProbe[];
}

/** `highest sustainable rate 184,000/s (± 2 %) under publish.p99 < 50ms; 193,000/s did not hold: …`. */
export function searchSentence(search: RateSearch): string {
  const { rate, resolution, limits, limitedBy, confirmation } = search;
  const under = limits.join(', ');
  if (rate === 0) {
    const lowest = Math.min(...search.probes.map((probe) => probe.rate));
    return `no rate held under ${under}: not even ${grouped(lowest)}/s`;
  }
  const unproven =
    confirmation === null
      ? '; not confirmed, the search was cut short'
      : confirmation.held
        ? `; ${grouped(confirmation.rate)}/s held again for longer`
        : `; NOT CONFIRMED: ${grouped(confirmation.rate)}/s did not hold for longer`;
  const limit =
    limitedBy === null
      ? ', where the search ends: the cluster may take more'
      : limitedBy === 'generator'
        ? ', limited by the load generator: the cluster may take more'
        : `, limited by ${limitedBy}`;
  return `highest sustainable rate ${grouped(rate)}/s (+${percent(resolution)}) under ${under}${limit}${unproven}`;
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** Columns of the latency-versus-throughput table, lowest rate first; each probe is a row. */
export const PROBE_HEADS = ['rate/s', 'acked/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'lag ms', 'backlog', ''] as const;

export function probeRows(search: RateSearch): string[][] {
  const number = (value: number | undefined): string => (value === undefined ? '–' : figure(value));
  return byRate(search).map((probe) => [
    grouped(probe.rate),
    grouped(probe.acked),
    number(probe.p50),
    number(probe.p99),
    number(probe['p99.9']),
    figure(probe.lagMs),
    probe.backlog === null ? '–' : grouped(probe.backlog),
    `${probe.held ? 'held' : probe.reason}${probe.stage === 'confirm' ? ' (confirmation)' : ''}`,
  ]);
}

function byRate({ probes }: RateSearch): RateProbe[] {
  return [...probes].sort((a, b) => a.rate - b.rate);
}

/** Data sets of charts/search.vl.json: one row a probe and percentile; the line runs through the best of each rate. */
export function searchChartData(search: RateSearch | undefined): Record<'probes' | 'curve' | 'answer', object[]> {
  if (search === undefined) return { probes: [], curve: [], answer: [] };
  const rows = byRate(search).flatMap((probe) =>
    (['p50', 'p99', 'p99.9'] as const).flatMap((series) => {
      const value = probe[series];
      if (value === undefined) return [];
      return [{ rate: probe.rate, series, value: Math.max(0.001, value), held: probe.held ? 'held' : 'did not hold' }];
    }),
  );
  const best = new Map<string, (typeof rows)[number]>();
  for (const row of rows) {
    const key = `${row.series} ${row.rate}`;
    const known = best.get(key);
    if (known === undefined || row.value < known.value) best.set(key, row);
  }
  const answer = search.rate === 0 ? [] : [{ rate: search.rate, label: `${grouped(search.rate)}/s` }];
  return { probes: rows, curve: [...best.values()], answer };
}
