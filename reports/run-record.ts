import type { LatencySummary, SpectrumPoint } from './histogram.ts';
import type { RateSearch } from './rate-search.ts';
import type { Story } from './story/story.ts';
import type { TelemetryPart, TelemetrySummary } from './telemetry.ts';
import type { LoggedFault } from './verdict/faults.ts';
import type { VerdictResult } from './verdict/result.ts';

/** Exit codes of every command, outside Node's own 1 to 14. */
export const EXIT = {
  pass: 0,
  badWorkload: 20,
  runFailed: 21,
  thresholdBreached: 22,
  regression: 23,
  durabilityViolation: 24,
  inconclusive: 25,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type LatencyName = 'publish' | 'service' | 'endToEnd' | 'commit' | 'transaction' | 'fetch';

export interface Throughput {
  readonly unit: 'records/s';
  /** Absent when the workload asks for the maximum. */
  readonly target?: number;
  readonly sent: number;
  readonly acked: number;
  readonly consumed: number;
  /** Bytes of values acknowledged per second. */
  readonly bytes: number;
}

export type Metrics = { readonly [name in LatencyName]?: LatencySummary } & { readonly throughput: Throughput };

export interface RunFault {
  readonly id: string;
  readonly kind: string;
  readonly target: string;
  /** "10s". */
  readonly at: string;
  readonly confirmed: boolean;
  readonly atSeconds: number;
  /** Null: not known, or never. */
  readonly untilSeconds: number | null;
  /** Partitions that got another leader until the next fault; absent where nobody watched them. */
  readonly leaderMoves?: number;
}

/** A threshold of the workload file; `actual` is null when there is no figure to compare. */
export interface Expectation {
  readonly name: string;
  readonly limit: string;
  readonly actual: number | string | null;
  readonly ok: boolean;
}

export interface LatencyPoint {
  readonly count: number;
  readonly p50?: number;
  readonly p99?: number;
  readonly 'p99.9'?: number;
  readonly max?: number;
  /** Samples by bin of the heat map: bin b holds 2^(b/4) up to 2^((b+1)/4) nanoseconds. */
  readonly bins?: readonly (readonly [bin: number, count: number])[];
}

/** One second of the run. Rates are records per second, latencies milliseconds. */
export interface SeriesPoint {
  /** Seconds since the start, at the end of the interval. */
  readonly t: number;
  readonly target?: number;
  readonly sent: number;
  readonly acked: number;
  readonly consumed: number;
  readonly bytes: number;
  /** Records acknowledged and not yet consumed, over all groups. */
  readonly backlog?: number;
  readonly publish?: LatencyPoint;
  readonly endToEnd?: LatencyPoint;
}

export interface Phase {
  readonly name: 'warmup' | 'measure' | 'drain';
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/** Whether the load generator kept its own schedule; where it did not, its figures are not the system's. */
export interface Generator {
  readonly state: 'kept up' | 'fell behind';
  /** Achieved rate over target rate; null without a target. */
  readonly achieved: number | null;
  readonly lagMsMax: number;
  /** 99th percentile of how late records were sent. */
  readonly lagMsP99?: number;
}

/** Below this share of the intended records, or above this delay at the 99th percentile, the generator fell behind. */
export const ACHIEVED_MIN = 0.99;
export const LAG_MS_MAX = 50;

/** In which way the generator fell behind: ` (39.8 % of the target rate)`, or how late it was. Empty where nobody knows. */
export function lagText({ achieved, lagMsP99, lagMsMax }: Generator): string {
  if (achieved !== null && achieved < ACHIEVED_MIN) return ` (${(achieved * 100).toFixed(1)} % of the target rate)`;
  if (lagMsP99 === undefined || lagMsP99 <= LAG_MS_MAX) return '';
  return ` (1 % of the records were sent ${lagMsP99.toFixed(0)} ms late or more, ${lagMsMax.toFixed(0)} ms at most)`;
}

export type RunStatus =
  | { readonly kind: 'completed' }
  /** Ctrl-C: what was measured so far stands. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface Environment {
  readonly node: string;
  readonly cores: number;
  readonly commit: string;
  readonly dirty: boolean;
  readonly cpu?: string;
  readonly memoryBytes?: number;
  readonly kernel?: string;
  readonly governor?: string;
  readonly faultline?: string;
  /** Version of the cluster under test. */
  readonly cluster?: string;
}

/** One run: what `--json` prints (schema 1; fields are added, never renamed) and what the report draws beside it. */
export interface RunRecord {
  readonly schema: 1;
  readonly id: string;
  readonly workload: string;
  readonly target: 'sim' | 'local' | 'kafka';
  readonly seed: number;
  readonly exit: ExitCode;
  readonly verdict: VerdictResult;
  readonly metrics: Metrics;
  readonly faults: readonly RunFault[];
  readonly expect: readonly Expectation[];
  /** The search for the highest sustainable rate whose last run this is. */
  readonly search?: RateSearch;
  readonly sim?: {
    readonly events: number;
    readonly virtualSeconds: number;
    readonly wallSeconds: number;
    readonly hash: string;
    /** Work of all brokers' processors in the measured part, in virtual time. */
    readonly brokerCpuMs?: number;
  };
  readonly environment: Environment;
  /** The client library of producers and consumers; absent: our own. */
  readonly client?: { readonly package: string; readonly version: string };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly status: RunStatus;
  readonly generator?: Generator;
  /** What a comparison with a baseline found, where one was made. */
  readonly comparison?: { readonly baseline: string; readonly result: 'same' | 'changed' | 'regressed' | 'unstable' };
  readonly phases: readonly Phase[];
  readonly replay: string;
  /** The same run with the settings that would have kept what its configuration let go. */
  readonly remedy?: string;
  readonly workloadHash: string;
  readonly workloadText: string;
  /** Effective configuration in Kafka's names, by part: `broker`, `topic orders`, `producer orders`. */
  readonly configs: Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;
  readonly series: readonly SeriesPoint[];
  /** How brokers and the generator did meanwhile; absent in the simulator, and of brokers of somebody else's. */
  readonly telemetry?: readonly TelemetryPart[];
  /** The same over the measured part. */
  readonly telemetrySummary?: readonly TelemetrySummary[];
  readonly spectra: { readonly [name in LatencyName]?: readonly SpectrumPoint[] };
  /** How the worst broken promise came about, told from inside of a simulated cluster. */
  readonly story?: Story;
}

/**
 * The exit code that a record calls for. Durability outranks the rest, a lost promise even in a run that failed for
 * another reason; what is certain outranks what is inconclusive. A workload that expects `durability: pass` is violated
 * by a loss that its configuration allows, too.
 */
export function exitCodeOf(
  record: Pick<RunRecord, 'status' | 'verdict' | 'expect' | 'generator' | 'comparison'>,
): ExitCode {
  const { status, verdict, expect, generator, comparison } = record;
  if (status.kind === 'refused') return EXIT.badWorkload;
  if (verdict.result === 'fail') return EXIT.durabilityViolation;
  const breached = expect.filter((expectation) => !expectation.ok);
  if (verdict.result === 'allowed' && breached.some(({ name }) => name === 'durability')) {
    return EXIT.durabilityViolation;
  }
  if (status.kind === 'failed') return EXIT.runFailed;
  const figures = breached.filter(({ name, actual }) => name !== 'durability' && actual !== null);
  const isMeasured = generator?.state !== 'fell behind';
  if (isMeasured && figures.length > 0) return EXIT.thresholdBreached;
  if (comparison?.result === 'regressed') return EXIT.regression;
  if (verdict.result === 'unknown' || comparison?.result === 'unstable') return EXIT.inconclusive;
  // A threshold without a figure, or with the generator's own delay for a figure, is neither held nor breached.
  if (breached.length > 0 || (!isMeasured && expect.some(({ name }) => name !== 'durability')))
    return EXIT.inconclusive;
  return EXIT.pass;
}

/** What `--json` prints: the record without what only a report needs. */
export function toJson(record: RunRecord): string {
  const {
    series: _series,
    spectra: _spectra,
    workloadText: _text,
    telemetry: _telemetry,
    story: _story,
    ...printed
  } = record;
  return `${JSON.stringify(printed, null, 2)}\n`;
}

export function runFault(fault: LoggedFault): RunFault {
  const { id, kind, target, confirmed, atNs, untilNs } = fault;
  const atSeconds = atNs / 1e9;
  const at = `${Number(atSeconds.toFixed(3))}s`;
  return { id, kind, target, at, confirmed, atSeconds, untilSeconds: untilNs === null ? null : untilNs / 1e9 };
}
