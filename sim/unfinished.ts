import type { Conducted, Phase } from '../workloads/actors/conduct.ts';
import type { Roster } from '../workloads/actors/roster.ts';

export function hung(phase: Phase): string {
  return `the run did not end: it stood in phase ${phase}`;
}

/** What is known of a run that was ended from outside. */
export function unfinished(roster: Roster, nowNs: number, why: string): Conducted {
  return {
    interrupted: false,
    loadEndNs: nowNs,
    drained: false,
    reason: `${why} after ${Math.round(nowNs / 1e9)} virtual seconds`,
    auditedRecords: 0,
    bounds: roster.names.partitions.map(() => null),
    drainNs: null,
  };
}
