import { createHash } from 'node:crypto';
import { PERCENTILES, type PercentileName } from '../../reports/histogram.ts';
import { percent, type RateProbe, type RateSearch } from '../../reports/rate-search.ts';
import { workloadHash } from '../../workloads/hash.ts';
import type { ClientConfig } from '../../workloads/live/client-config.ts';
import type { SeriesPoint } from '../../workloads/series.ts';
import { withSuffix } from '../../workloads/topic-suffix.ts';
import type { Workload } from '../../workloads/workload.ts';
import type { LoadedWorkload } from '../load-file.ts';
import type { Outcome } from '../outcome.ts';
import { planOf } from '../plan-file.ts';
import { runPlan } from '../sim-run.ts';
import { grouped, type Progress } from '../terminal.ts';
import type { FindMaxOptions } from './options.ts';
import { atRate, limitsOf, probeResult } from './probe.ts';
import { type ProbeResult, searchRate } from './search.ts';

export interface FindMaxParts extends FindMaxOptions {
  readonly progress: Progress;
  /** Resolves when somebody ends the search; what it has found is kept. */
  readonly interrupted: Promise<void>;
  readonly replay: string;
  readonly client: ClientConfig | null;
  readonly onProbe: (line: string) => void;
}

export interface FoundMax {
  readonly search: RateSearch;
  /** The last run of the search, which is the confirmation where there was one. */
  readonly outcome: Outcome;
  readonly workload: Workload;
  /** Of the load and of the question: searches are compared only when both are equal. */
  readonly hash: string;
}

/** A confirmation is so many times as long as a probe. In the simulator nothing is left to luck, so once is enough. */
const CONFIRM_LENGTHS = { live: 3, sim: 1 } as const;
const WARMUP_MS_MIN = 500;
const MEASURE_MS_MAX = 60_000;
const DRAIN_MS_MAX = 5_000;
/** A probe that owes so many seconds of its rate is ended: it can only get worse. */
const STOP_SECONDS = 3;

/** Searches on one cluster, started once; every probe has topics and groups of its own, deleted after it. */
export async function findMax(loaded: LoadedWorkload, parts: FindMaxParts): Promise<FoundMax> {
  const base = loaded.workload;
  const limits = limitsOf(base);
  let ended = false;
  void parts.interrupted.then(() => {
    ended = true;
  });
  const world = await openWorld(loaded, parts);
  let last: { outcome: Outcome; workload: Workload } | null = null;
  let count = 0;
  const probe = async (rate: number, stage: RateProbe['stage']): Promise<ProbeResult | null> => {
    if (ended) return null;
    count++;
    const workload = probeWorkload(base, rate, stage, parts.probeMs);
    const label = `probe ${count}, ${stage} at ${grouped(rate)}/s: `;
    const { outcome, stopped } = await world.run(workload, {
      rate,
      audited: stage === 'confirm',
      progress: { ...parts.progress, update: (line) => parts.progress.update(label + line) },
    });
    last = { outcome, workload };
    return ended ? null : probeResult(workload, rate, outcome, stopped);
  };
  try {
    const search = await searchRate({
      ...parts,
      probe,
      limits: limits.map(({ name, text }) => `${name} ${text}`),
      exact: base.target === 'sim',
      onProbe: (found) => parts.onProbe(probeLine(found)),
    });
    if (last === null) throw new Error('interrupted before a probe was complete');
    return { search, ...(last as { outcome: Outcome; workload: Workload }), hash: hashOf(loaded, parts) };
  } finally {
    await world.close();
  }
}

function probeLine({ stage, rate, p50, p99, held, reason }: RateProbe): string {
  const latency = [p50, p99].map((value) => (value === undefined ? '–' : Number(value.toPrecision(3)))).join(' / ');
  return `${stage.padEnd(7)} ${grouped(rate).padStart(11)}/s  p50 / p99 ${latency} ms  ${held ? 'held' : reason}`;
}

/** Long enough that the rarest percentile of the limits has its ten samples. */
function probeWorkload(base: Workload, rate: number, stage: RateProbe['stage'], probeMs: number): Workload {
  const rarest = Math.max(0, ...limitsOf(base).map(({ statistic }) => PERCENTILES[statistic as PercentileName] ?? 0));
  const samplesMs = (11 / (1 - rarest) / rate) * 1000;
  const lengths = base.target === 'sim' ? CONFIRM_LENGTHS.sim : CONFIRM_LENGTHS.live;
  const wantedMs = Math.max(probeMs * (stage === 'confirm' ? lengths : 1), samplesMs);
  const { drainMs } = base.phases;
  return {
    ...atRate(base, rate),
    phases: {
      warmupMs: Math.max(WARMUP_MS_MIN, probeMs / 4),
      measureMs: Math.min(Math.max(MEASURE_MS_MAX, probeMs * lengths), wantedMs),
      drainMs: stage === 'confirm' ? drainMs : Math.min(drainMs, DRAIN_MS_MAX),
      backlog: null,
    },
  };
}

interface ProbeRun {
  readonly rate: number;
  readonly audited: boolean;
  readonly progress: Progress;
}

interface ProbeWorld {
  run(workload: Workload, probe: ProbeRun): Promise<{ outcome: Outcome; stopped: boolean }>;
  close(): Promise<void>;
}

async function openWorld(loaded: LoadedWorkload, parts: FindMaxParts): Promise<ProbeWorld> {
  const { files } = loaded;
  const { interrupted, replay, client } = parts;
  if (loaded.workload.target === 'sim') {
    // A simulated cluster costs nothing to start, and each probe is to be a function of its own rate alone.
    return {
      run: async (workload, { progress }) => {
        const common = { progress, interrupted, replay, verify: false };
        return { outcome: await runPlan(planOf(workload, files), common), stopped: false };
      },
      async close() {},
    };
  }
  const { runLive } = await import('../live.ts');
  const { openTarget } = await import('../../workloads/live/run.ts');
  parts.progress.update(loaded.workload.target === 'local' ? 'starting brokers' : 'connecting');
  const on = await openTarget(loaded.workload);
  const unique = `${process.pid.toString(36)}${Date.now().toString(36).slice(-5)}`;
  let number = 0;
  return {
    run: async (workload, { rate, audited, progress }) => {
      const stop = stopper(rate);
      const outcome = await runLive(
        { workload: withSuffix(workload, `${unique}-${number++}`), files },
        {
          progress,
          interrupted: Promise.race([interrupted, stop.asked]),
          replay,
          client,
          on,
          audited,
          onSecond: stop.second,
        },
      );
      return { outcome, stopped: stop.isAsked() };
    },
    close: () => on.close(),
  };
}

/** Ends a probe that falls further and further behind what it was to send. */
function stopper(rate: number): { second(point: SeriesPoint): void; asked: Promise<void>; isAsked(): boolean } {
  let owed = 0;
  let sentUntil = 0;
  let isAsked = false;
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  return {
    asked,
    isAsked: () => isAsked,
    second({ t, acked }) {
      owed += acked;
      sentUntil = rate * t;
      if (isAsked || sentUntil - owed < STOP_SECONDS * rate) return;
      isAsked = true;
      ask();
    },
  };
}

function hashOf({ workload, files }: LoadedWorkload, { resolution, probeMs }: FindMaxOptions): string {
  const limits = limitsOf(workload).map(({ name, text }) => `${name} ${text}`);
  const load = workloadHash(atRate(workload, 1), files);
  return createHash('sha256')
    .update(JSON.stringify([load, limits, percent(resolution), probeMs]))
    .digest('hex')
    .slice(0, 32);
}
