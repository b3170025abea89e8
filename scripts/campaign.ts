import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { EXIT } from '../reports/run-record.ts';
import type { Judgement } from '../reports/verdict/result.ts';
import type { Mutation } from '../sim/mutation.ts';
import type { SeedResult, SeedTask } from './campaign-worker.ts';
import type { LoadedWorkload } from './load-file.ts';
import { planOf } from './plan-file.ts';

export interface CampaignOptions {
  readonly loaded: LoadedWorkload;
  readonly seeds: readonly number[];
  readonly verify: boolean;
  readonly signal: AbortSignal;
  readonly workers?: number;
  readonly mutation?: Mutation;
  readonly onProgress?: (progress: CampaignProgress) => void;
}

export interface CampaignProgress {
  readonly done: number;
  readonly wallSeconds: number;
  readonly virtualSeconds: number;
  readonly counts: Readonly<Record<Judgement, number>>;
}

export interface Campaign {
  /** In the order of the seeds; those not run because of an interruption are missing. */
  readonly results: readonly SeedResult[];
  readonly counts: Readonly<Record<Judgement, number>>;
  readonly wallSeconds: number;
  readonly virtualSeconds: number;
  readonly events: number;
}

/** Seeds on a pool of worker threads, one simulation each. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { loaded, seeds, verify, signal } = options;
  const threads = Math.min(options.workers ?? availableParallelism(), seeds.length);
  const pool = new Piscina<SeedTask, SeedResult>({
    filename: new URL(
      import.meta.url.endsWith('.ts') ? './campaign-worker.ts' : './campaign-worker.js',
      import.meta.url,
    ).href,
    minThreads: threads,
    maxThreads: threads,
  });
  const results: SeedResult[] = [];
  const counts: Record<Judgement, number> = { pass: 0, allowed: 0, unknown: 0, fail: 0 };
  const startedAt = performance.now();
  let virtualSeconds = 0;
  let events = 0;
  let next = 0;
  const runner = async (): Promise<void> => {
    while (next < seeds.length && !signal.aborted) {
      const seed = seeds[next++]!;
      const plan = planOf({ ...loaded.workload, seed }, loaded.files, options.mutation);
      const task: SeedTask = { plan, verify };
      const result = await pool.run(task).catch((error: unknown) => failedSeed(seed, error));
      results.push(result);
      counts[result.judgement]++;
      virtualSeconds += result.virtualSeconds;
      events += result.events;
      options.onProgress?.({ done: results.length, wallSeconds: seconds(startedAt), virtualSeconds, counts });
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, runner));
  } finally {
    await pool.destroy();
  }
  results.sort((a, b) => a.seed - b.seed);
  return { results, counts, wallSeconds: seconds(startedAt), virtualSeconds, events };
}

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
    acked: 0,
    determinism: null,
  };
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}
