import type { SeriesPoint } from '../reports/run-record.ts';
import type { SeriesPoint as MeasuredPoint } from '../workloads/series.ts';
import type { Workload } from '../workloads/workload.ts';

/** What is drawn over time, each point with the records that readers still owe where that is known. */
export function pointsOf(workload: Workload, series: readonly MeasuredPoint[], target: number | null): SeriesPoint[] {
  const groups = groupsOfEach(workload);
  let owed = 0;
  return series.flatMap((point) => {
    owed += groups === null ? 0 : point.acked * groups - point.consumed;
    if (point.intervalSeconds <= 0) return [];
    const drawn = seriesPoint(point, target);
    // A record that was read twice is no debt of its reader.
    return [groups === null ? drawn : { ...drawn, backlog: Math.max(0, owed) }];
  });
}

/**
 * How many groups read each record; null where that is not one number, or where not every acknowledged record is shown
 * to readers. Counters are of the whole run, so only then a backlog follows from them.
 */
export function groupsOfEach(workload: Workload): number | null {
  const { topics, producers, consumers } = workload;
  if (producers.some(({ transaction }) => transaction !== null)) return null;
  const written = new Set(producers.map(({ topic }) => topic));
  const counts = topics
    .filter(({ name }) => written.has(name))
    .map(({ name }) => consumers.filter(({ topic }) => topic === name).reduce((sum, { groups }) => sum + groups, 0));
  const [first = 0] = counts;
  return first > 0 && counts.every((count) => count === first) ? first : null;
}

function seriesPoint(point: MeasuredPoint, target: number | null): SeriesPoint {
  const perSecond = (count: number): number => round(count / point.intervalSeconds);
  const latency = (from: MeasuredPoint['publish']): SeriesPoint['publish'] =>
    from === null
      ? undefined
      : { count: from.count, p50: from.p50, p99: from.p99, 'p99.9': from.p999, max: from.max, bins: from.bins };
  const publish = latency(point.publish);
  const endToEnd = latency(point.endToEnd);
  return {
    t: Number(point.t.toFixed(3)),
    ...(target === null ? {} : { target }),
    sent: perSecond(point.sent),
    acked: perSecond(point.acked),
    consumed: perSecond(point.consumed),
    bytes: perSecond(point.ackedBytes),
    ...(publish === undefined ? {} : { publish }),
    ...(endToEnd === undefined ? {} : { endToEnd }),
  };
}

/** To the digit that a rate is given with. */
export function round(value: number): number {
  return Number(value.toFixed(1));
}
