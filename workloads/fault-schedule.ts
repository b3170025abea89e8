import { createRandom } from '../core/random.ts';
import type { Random } from '../core/runtime.ts';
import type { FaultAction, FaultKind, FaultSpec } from './fault.ts';
import { swarmAction } from './swarm.ts';
import type { Workload } from './workload.ts';

/** One fault at one time. Whom its selector means is looked up when the time has come. */
export interface PlannedFault {
  readonly id: string;
  /** From time zero. */
  readonly atNs: number;
  readonly action: FaultAction;
  /** Drawn at a random time: it may find nobody to hit. One that the file gives a time must take effect. */
  readonly byChance: boolean;
  /** Left out where some partition would then have no in-sync replica whose process has not just ended. */
  readonly survivable?: true;
}

/** Faults end this long before the load does, so that what they broke is still under load when it comes back. */
const QUIET_SHARE = 0.1;

/**
 * The faults of a run as explicit events, drawn from the seed: occurrences of repeated ones, choices of `one-of`, the
 * kinds and times of a swarm. Each fault draws from a stream of its own.
 */
export function drawFaults(workload: Workload): PlannedFault[] {
  const random = createRandom(`${workload.seed}`).fork('faults');
  const endMs = workload.phases.warmupMs + workload.phases.measureMs;
  const { faults } = workload;
  const planned = faults.kind === 'list' ? faults.faults.flatMap((spec) => occurrences(spec, endMs, random)) : [];
  if (faults.kind === 'swarm') planned.push(...swarm(workload, faults.everyMs, faults.kinds, endMs, random));
  return planned.sort((a, b) => a.atNs - b.atNs || (a.id < b.id ? -1 : 1));
}

function occurrences(spec: FaultSpec, endMs: number, random: Random): PlannedFault[] {
  const own = random.fork(spec.id);
  const { when } = spec;
  if (when.kind === 'at') return [planned(spec.id, when.atMs, choose(spec.oneOf, own), false)];
  const until = Math.min(when.untilMs ?? endMs, endMs);
  const all: PlannedFault[] = [];
  let atMs = when.fromMs;
  for (let number = 1; atMs < until; number++) {
    const fault = planned(`${spec.id}.${number}`, atMs, choose(spec.oneOf, own), true);
    all.push(when.survivable === true ? { ...fault, survivable: true } : fault);
    atMs += when.arrival === 'constant' ? when.everyMs : exponential(own) * when.everyMs;
  }
  return all;
}

/** Swarm testing: each seed has a random subset of the kinds switched on. */
function swarm(
  workload: Workload,
  everyMs: number,
  kinds: readonly FaultKind[],
  endMs: number,
  random: Random,
): PlannedFault[] {
  const own = random.fork('swarm');
  const chosen = kinds.filter(() => own.float() < 0.5);
  const active = chosen.length > 0 ? chosen : kinds.length === 0 ? [] : [choose(kinds, own)];
  if (active.length === 0) return [];
  const untilMs = endMs * (1 - QUIET_SHARE);
  const all: PlannedFault[] = [];
  for (let atMs = exponential(own) * everyMs, number = 1; atMs < untilMs; number++) {
    const detail = own.fork(`fault ${number}`);
    all.push(planned(`s${number}`, atMs, swarmAction(choose(active, detail), workload, everyMs, detail), true));
    atMs += exponential(own) * everyMs;
  }
  return all;
}

function planned(id: string, atMs: number, action: FaultAction, byChance: boolean): PlannedFault {
  return { id, atNs: Math.round(atMs * 1e6), action, byChance };
}

function choose<T>(from: readonly T[], random: Random): T {
  return from[random.below(from.length)]!;
}

/** Of mean 1. */
function exponential(random: Random): number {
  return -Math.log(1 - random.float());
}
