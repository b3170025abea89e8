import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { StoredRun } from '../../reports/store/store.ts';
import type { TrendSample, TrendSeries } from '../../reports/trends.ts';

/** What one night has run: ids of the store by the load that they are of. */
export interface Night {
  readonly night: string;
  readonly commit: string;
  readonly runs: readonly NightRun[];
  readonly campaign: string;
}

export interface NightRun {
  readonly id: string;
  readonly load: string;
  /** The load generator fell behind: what brokers say of themselves is all that such a run tells. */
  readonly disturbed?: true;
}

export function readNights(path: string): Night[] {
  if (!existsSync(path)) return [];
  const nights: Night[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    try {
      if (line !== '') nights.push(JSON.parse(line) as Night);
    } catch {
      // A line that was cut off when the machine went down: that night is not compared.
    }
  }
  return nights;
}

export function keepNight(path: string, night: Night): void {
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(night)}\n`);
}

/** Speed of the simulator on this machine is the machine's; of several figures that say the same one is enough. */
const LEFT_OUT = /^(?:sim\.speed|service\.|.*\.(?:mean|max|p95)$|throughput\.(?:sent|bytes)$)/;

/**
 * Every figure over the nights, of equal load (by its hash) and, where a clock on the wall decides, of the machine of the
 * last night. A load that was changed begins anew.
 */
export function trendSeries(nights: readonly Night[], runs: readonly StoredRun[]): TrendSeries[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const latest = new Map<string, StoredRun>();
  for (const { runs: made } of nights) {
    for (const { id, load } of made) {
      const run = byId.get(id);
      if (run !== undefined) latest.set(load, run);
    }
  }
  const series = new Map<string, TrendSeries & { samples: TrendSample[] }>();
  for (const { night, runs: made } of nights) {
    for (const { id, load, disturbed } of made) {
      const run = byId.get(id);
      const newest = latest.get(load);
      if (run === undefined || newest === undefined || run.workloadHash !== newest.workloadHash) continue;
      if (run.target !== newest.target || (run.target !== 'sim' && run.fingerprint !== newest.fingerprint)) continue;
      for (const [metric, { value, unit, better, exact }] of Object.entries(run.figures)) {
        if (LEFT_OUT.test(metric) || (disturbed === true && !metric.startsWith('broker.'))) continue;
        const key = `${load} ${metric}`;
        const known = series.get(key) ?? { load, metric, unit, better, exact, samples: [] };
        series.set(key, known);
        const busy = disturbed === true ? { isDisturbed: true } : {};
        known.samples.push({ night, runId: id, commit: run.commit, value, ...busy });
      }
    }
  }
  const lastNight = nights.at(-1)?.night;
  return [...series.values()].filter(({ samples }) => samples.at(-1)?.night === lastNight);
}
