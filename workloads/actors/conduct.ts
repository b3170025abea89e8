import type { Clock, Timers } from '../../core/runtime.ts';
import type { SizeSpec, Workload } from '../workload.ts';
import { type AuditEnd, audit } from './auditor.ts';
import type { LogBounds } from './driver.ts';
import type { Environment } from './environment.ts';
import { deleteTopics, provideTopics, type TopicsMode } from './topics.ts';

/** A load thread as the conductor sees it: the actors themselves in the simulator, a worker's proxy on a machine. */
export interface LoadHandle {
  connect(): Promise<void>;
  /** `zeroNs`: time zero on the monotonic clock that all parts of the run share. */
  run(zeroNs: number): Promise<void>;
  pauseConsumers(): Promise<void>;
  resumeConsumers(): Promise<void>;
  stopProducers(timeoutMs: number): Promise<void>;
  stopConsumers(timeoutMs: number): Promise<void>;
}

export interface FaultConductor {
  /** Schedules every fault relative to time zero. */
  start(zeroNs: number): void;
  /** Ends every fault: links restored, brokers started, clocks set right. Resolves when brokers are back. */
  heal(): Promise<void>;
}

export interface Stage {
  /** The conductor's own: for topics, log bounds and the audit. */
  readonly environment: Environment;
  readonly timers: Timers;
  readonly clock: Pick<Clock, 'monotonicNs'>;
  readonly loads: readonly LoadHandle[];
  readonly faults: FaultConductor;
  /** Sets time zero for `environment.now`. */
  setZero(zeroNs: number): void;
  readonly onPhase: (phase: Phase) => void;
  /** Resolves when somebody asked the run to end early (Ctrl-C). */
  readonly interrupted: Promise<void>;
  /** The audit ends when it has got nothing for so long. */
  readonly auditStallMs: number;
  readonly topics: TopicsMode;
  /** False: nobody reads the logs again in the end, and the run says nothing of durability. */
  readonly audited?: boolean;
}

export type Phase = 'topics' | 'connect' | 'warmup' | 'measure' | 'settle' | 'drain' | 'audit' | 'leave' | 'done';

export interface Conducted {
  readonly interrupted: boolean;
  /** When the load ended, since time zero. */
  readonly loadEndNs: number;
  readonly drained: boolean;
  /** Why it is not drained, or the audit not complete. */
  readonly reason: string | null;
  readonly auditedRecords: number;
  readonly bounds: readonly (LogBounds | null)[];
  /** Time from the end of the load until every reader had everything; null when they did not. */
  readonly drainNs: number | null;
}

const LEAD_MS = 50;
const LEAVE_MS = 5_000;
const ASK_MS = 2_000;
const LAG_POLL_MS = 50;
const NOT_AUDITED: AuditEnd = { complete: false, reason: 'the logs were not audited', records: 0, bounds: [] };

/**
 * The course of every run, in whatever world: topics, clients, load with faults, healing, drain, audit, leave. Every
 * wait has a bound.
 */
export async function conduct(stage: Stage): Promise<Conducted> {
  const { environment, clock, loads, faults, onPhase } = stage;
  const { workload } = environment;
  const { warmupMs, measureMs, drainMs } = workload.phases;
  let interrupted = false;
  const interruption = stage.interrupted.then(() => {
    interrupted = true;
  });
  onPhase('topics');
  const made = await provideTopics(environment, stage.topics);
  onPhase('connect');
  await Promise.all(loads.map((load) => load.connect()));

  const zeroNs = clock.monotonicNs() + LEAD_MS * 1e6;
  stage.setZero(zeroNs);
  await Promise.all(loads.map((load) => load.run(zeroNs)));
  faults.start(zeroNs);
  onPhase('warmup');
  await Promise.race([waitUntil(stage, warmupMs * 1e6), interruption]);
  onPhase('measure');
  if (workload.phases.backlog !== null && !interrupted) await buildBacklog(stage, workload, interruption);
  await Promise.race([waitUntil(stage, (warmupMs + measureMs) * 1e6), interruption]);

  const loadEndNs = environment.now();
  onPhase('settle');
  const healed = faults.heal();
  // Producers may keep retrying until their delivery timeout; the drain's bound is for both.
  await Promise.all(loads.map((load) => load.stopProducers(drainMs)));
  await healed;
  onPhase('drain');
  const drainEndNs = loadEndNs + drainMs * 1e6;
  const drained = await drain(stage, drainEndNs);
  const drainNs = drained === 0 ? environment.now() - loadEndNs : null;
  onPhase('audit');
  const audited = stage.audited === false ? NOT_AUDITED : await audit(environment, stage.auditStallMs);
  // Where the logs end may have become known too late for the drain, and early enough for the audit.
  const lag = drained === null && audited.complete ? await drain(stage, environment.now()) : drained;
  onPhase('leave');
  await Promise.all(loads.map((load) => load.stopConsumers(LEAVE_MS)));
  environment.history.flush();
  if (stage.topics !== 'own') await deleteTopics(environment, made);
  onPhase('done');
  const reason = audited.complete
    ? lag === 0
      ? null
      : lag === null
        ? 'nobody told where the logs end'
        : `${lag} records were not consumed within the drain of ${drainMs} ms`
    : audited.reason;
  return {
    interrupted,
    loadEndNs,
    drained: reason === null,
    reason,
    auditedRecords: audited.records,
    bounds: audited.bounds,
    drainNs,
  };
}

function waitUntil(stage: Stage, timeNs: number): Promise<void> {
  const waitMs = (timeNs - stage.environment.now()) / 1e6;
  return waitMs <= 0 ? Promise.resolve() : stage.timers.sleep(waitMs);
}

/** Waits until every reader has what the logs hold; returns the records still missing, null when ends are unknown. */
async function drain(stage: Stage, untilNs: number): Promise<number | null> {
  const { environment, timers } = stage;
  if (environment.roster.consumers.length === 0) return 0;
  const admin = environment.driver.admin('conductor');
  try {
    for (;;) {
      const bounds = await admin.logBounds(environment.roster.names.partitions, 'read_committed', ASK_MS);
      const known = bounds.every((bound) => bound !== null);
      if (known) {
        const lagNow = (): number =>
          environment.positions.lag(
            bounds.map((bound) => bound!.start),
            bounds.map((bound) => bound!.end),
          );
        // The ends do not move any more, unless a recovered leader still settles: ask again only once all is read.
        while (lagNow() > 0 && environment.now() < untilNs) await timers.sleep(LAG_POLL_MS);
        return lagNow();
      }
      if (environment.now() >= untilNs) return null;
      await timers.sleep(LAG_POLL_MS);
    }
  } finally {
    await admin.close();
  }
}

/** Catch-up reads: consumers stand still until enough waits for each group, then read while the load goes on. */
async function buildBacklog(stage: Stage, workload: Workload, interruption: Promise<void>): Promise<void> {
  const { environment, loads, timers } = stage;
  const endNs = (workload.phases.warmupMs + workload.phases.measureMs) * 1e6;
  await Promise.all(loads.map((load) => load.pauseConsumers()));
  const admin = environment.driver.admin('conductor');
  const partitions = environment.roster.names.partitions;
  const wantedRecords = workload.phases.backlog!.bytes / meanValueBytes(workload);
  let over = false;
  void interruption.then(() => {
    over = true;
  });
  try {
    while (!over && environment.now() < endNs) {
      const bounds = await admin.logBounds(partitions, 'read_uncommitted', ASK_MS);
      if (bounds.every((bound) => bound !== null)) {
        const lag = environment.positions.lag(
          bounds.map((bound) => bound!.start),
          bounds.map((bound) => bound!.end),
        );
        if (lag >= wantedRecords) break;
      }
      await timers.sleep(LAG_POLL_MS);
    }
  } finally {
    await admin.close();
    await Promise.all(loads.map((load) => load.resumeConsumers()));
  }
}

/** Backlog is given in bytes and counted in records: by the mean size of what producers send. */
function meanValueBytes(workload: Workload): number {
  const sizes = workload.producers.map(({ value }) => meanBytes(value.size));
  return sizes.length === 0 ? 1 : Math.max(1, sizes.reduce((sum, bytes) => sum + bytes, 0) / sizes.length);
}

function meanBytes(size: SizeSpec): number {
  switch (size.kind) {
    case 'fixed':
      return size.bytes;
    case 'uniform':
      return (size.minBytes + size.maxBytes) / 2;
    case 'lognormal':
      return size.medianBytes;
    case 'choice': {
      const weights = size.choices.reduce((sum, { weight }) => sum + weight, 0);
      return size.choices.reduce((sum, { bytes, weight }) => sum + bytes * weight, 0) / weights;
    }
  }
}
