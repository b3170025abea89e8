import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { EXIT } from '../reports/run-record.ts';
import type { Judgement } from '../reports/verdict/result.ts';
import type { Mutation } from '../sim/mutation.ts';
import type { SeedResult, SeedTask } from './campaign-worker.ts';
import type { LoadedWorkload } from './load-file.ts';
import { keepPlan, planOf } from './plan-file.ts';

export interface CampaignOptions {
  readonly loaded: LoadedWorkload;
  /** The first seed; then one after another. */
  readonly from: number;
  /** How many; Infinity goes on until `minutes` are over or it is interrupted. */
  readonly count: number;
  /** No seed begins after so long. */
  readonly minutes?: number;
  readonly stopAtFirst: boolean;
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly workers?: number;
  readonly mutation?: Mutation;
  /** Of an earlier part of the same campaign: these seeds are not run again. */
  readonly done?: readonly SeedResult[];
  /** Where plans of failures are kept; absent: nowhere. */
  readonly root?: string;
  readonly onResult?: (result: SeedResult, progress: CampaignProgress) => void;
}

export interface CampaignProgress {
  /** Seeds of this part. */
  readonly done: number;
  readonly wallSeconds: number;
  readonly virtualSeconds: number;
  readonly counts: Readonly<Record<Judgement, number>>;
  readonly marks: ReadonlyMap<string, number>;
}

export interface Campaign {
  /** In the order of the seeds; those not run because of an interruption are missing. */
  readonly results: readonly SeedResult[];
  readonly counts: Readonly<Record<Judgement, number>>;
  /** Of this part alone. */
  readonly seedsRun: number;
  readonly wallSeconds: number;
  readonly virtualSeconds: number;
  readonly events: number;
  /** In how many seeds each mark was seen. */
  readonly marks: Readonly<Record<string, number>>;
}

/** Seeds on a pool of worker threads, one simulation each. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { loaded, from, count, minutes, stopAtFirst, verify, signal } = options;
  const done = options.done ?? [];
  const known = new Set(done.map(({ seed }) => seed));
  const threads = Math.min(options.workers ?? availableParallelism(), count);
  const pool = new Piscina<SeedTask, SeedResult>({
    filename: new URL(
      import.meta.url.endsWith('.ts') ? './campaign-worker.ts' : './campaign-worker.js',
      import.meta.url,
    ).href,
    // A run's objects live as long as the run: with room for all of them the collector copies few.
    resourceLimits: { maxYoungGenerationSizeMb: 192 },
    minThreads: threads,
    maxThreads: threads,
  });
  const results: SeedResult[] = [...done];
  const counts: Record<Judgement, number> = { pass: 0, allowed: 0, unknown: 0, fail: 0 };
  const marks = new Map<string, number>();
  const tell = (result: SeedResult): void => {
    counts[result.judgement]++;
    for (const [mark, times] of Object.entries(result.marks))
      marks.set(mark, (marks.get(mark) ?? 0) + (times > 0 ? 1 : 0));
  };
  for (const result of done) tell(result);
  const startedAt = performance.now();
  const deadline = startedAt + (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  let virtualSeconds = 0;
  let events = 0;
  let seedsRun = 0;
  let next = from;
  let stopped = false;
  const runner = async (): Promise<void> => {
    while (next < from + count && !signal.aborted && !stopped && performance.now() < deadline) {
      const seed = next++;
      if (known.has(seed)) continue;
      const plan = planOf({ ...loaded.workload, seed }, loaded.files, options.mutation);
      const task: SeedTask = { plan, verify };
      let result: SeedResult = await pool.run(task).catch((error: unknown) => failedSeed(seed, error));
      const isFailure =
        result.judgement === 'fail' || result.error !== null || result.determinism?.kind === 'different';
      if (isFailure && options.root !== undefined) result = { ...result, plan: keepPlan(options.root, plan) };
      if (isFailure && stopAtFirst) stopped = true;
      results.push(result);
      tell(result);
      seedsRun++;
      virtualSeconds += result.virtualSeconds;
      events += result.events;
      options.onResult?.(result, { done: seedsRun, wallSeconds: seconds(startedAt), virtualSeconds, counts, marks });
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, runner));
  } finally {
    await pool.destroy();
  }
  results.sort((a, b) => a.seed - b.seed);
  return {
    results,
    counts,
    seedsRun,
    wallSeconds: seconds(startedAt),
    virtualSeconds,
    events,
    marks: Object.fromEntries([...marks].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A node threw, or the world did: as much of a finding as a broken promise. */
function failedSeed(seed: number, error: unknown): SeedResult {
  const message = error instanceof Error ? error.message : String(error);
  return {
    seed,
    judgement: 'unknown',
    exit: EXIT.runFailed,
    sentence: message,
    clause: null,
    rules: [],
    failed: [],
    error: message,
    hash: '',
    events: 0,
    virtualSeconds: 0,
    cpuSeconds: 0,
    acked: 0,
    determinism: null,
    marks: {},
  };
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}
