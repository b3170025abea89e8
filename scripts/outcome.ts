import type { RunRecord } from '../reports/run-record.ts';
import type { TelemetryPart } from '../reports/telemetry.ts';
import type { ControlEvent, LoggedFault } from '../reports/verdict/faults.ts';
import type { VerdictResult } from '../reports/verdict/result.ts';
import type { Conducted } from '../workloads/actors/conduct.ts';
import type { SeriesPoint } from '../workloads/series.ts';

/** What a run left behind, from whichever world. */
export interface Outcome {
  readonly verdict: VerdictResult;
  readonly conducted: Conducted;
  readonly measurements: readonly ArrayBufferLike[];
  readonly series: readonly SeriesPoint[];
  readonly faults: readonly LoggedFault[];
  /** Leaders over the run, where somebody watched them. */
  readonly control?: readonly ControlEvent[];
  readonly problems: readonly string[];
  /** Of the parts of a live run. */
  readonly telemetry?: readonly TelemetryPart[];
  /** The client library of producers and consumers, where it was not our own. */
  readonly client?: RunRecord['client'];
  readonly sim?: NonNullable<RunRecord['sim']>;
}
