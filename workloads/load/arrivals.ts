import type { Random } from '../../core/runtime.ts';
import type { Arrival, PhaseSpec, Rate } from '../workload.ts';

/**
 * When records are meant to be sent. Latency is measured from these times, so they depend on the workload and the seed
 * alone: never on how fast anything answered.
 *
 * All kinds share one device: the n-th record of an entry has a place u on the axis of *expected records*, and its time
 * is where the integral of the rate reaches u. Constant arrivals sit at u = 0, 1, 2, …; a Poisson process is one of unit
 * rate on that axis, whatever the rate does; bursts share a place. Times are computed from u, not summed up, so a
 * schedule of hours has no drift.
 */
export interface Schedule {
  /** Nanoseconds from time zero, an integer, never less than the one before; Infinity: no more. */
  next(): number;
}

export interface ScheduleOptions {
  readonly rate: Rate;
  readonly arrival: Arrival;
  readonly phases: Pick<PhaseSpec, 'warmupMs'>;
  /** Which of the entry's producers this is, from 0, and of how many; together they meet the entry's rate. */
  readonly instance: number;
  readonly instances: number;
  /** A stream of this instance's own. */
  readonly random: Random;
  /** Of the trace file (parseTrace), for arrival trace. */
  readonly timesNs?: Float64Array;
}

/** null for rate max without a trace: there is no schedule to be late for. */
export function createSchedule(options: ScheduleOptions): Schedule | null {
  const { rate, arrival, phases, instance, instances, random } = options;
  if (arrival.kind === 'trace') return traceSchedule(options.timesNs ?? new Float64Array(0), instance, instances);
  if (rate.kind === 'max') return null;
  const timeline = new Timeline(segmentsOf(rate, phases.warmupMs));
  switch (arrival.kind) {
    case 'constant':
      return spaced(timeline, instance, instances);
    case 'poisson':
      return poisson(timeline, instances, random);
    case 'burst':
      return bursts(timeline, instance, instances, arrival.records);
  }
}

/** Instances take turns, so that together they are as even as one. */
function spaced(timeline: Timeline, instance: number, instances: number): Schedule {
  let turn = 0;
  return { next: () => timeline.timeOf(turn++ * instances + instance) };
}

/** The sum of independent Poisson processes is one of the summed rate. */
function poisson(timeline: Timeline, instances: number, random: Random): Schedule {
  let place = 0;
  return {
    next() {
      place -= Math.log(1 - random.float()) * instances;
      return timeline.timeOf(place);
    },
  };
}

function bursts(timeline: Timeline, instance: number, instances: number, records: number): Schedule {
  let turn = 0;
  let left = records;
  let timeNs = timeline.timeOf(instance * records);
  return {
    next() {
      if (left === 0) {
        turn++;
        left = records;
        timeNs = timeline.timeOf((turn * instances + instance) * records);
      }
      left--;
      return timeNs;
    },
  };
}

function traceSchedule(timesNs: Float64Array, instance: number, instances: number): Schedule {
  let at = instance;
  return {
    next() {
      if (at >= timesNs.length) return Number.POSITIVE_INFINITY;
      const timeNs = timesNs[at]!;
      at += instances;
      return timeNs;
    },
  };
}

/** The highest rate that one instance is meant to have, records a second; 0 where a trace or the client sets the pace. */
export function peakPerSecond({
  rate,
  arrival,
  instances,
}: Pick<ScheduleOptions, 'rate' | 'arrival' | 'instances'>): number {
  if (arrival.kind === 'trace' || rate.kind === 'max') return 0;
  if (rate.kind === 'fixed') return rate.perSecond / instances;
  return (
    Math.max(...rate.stages.map(({ fromPerSecond, toPerSecond }) => Math.max(fromPerSecond, toPerSecond))) / instances
  );
}

interface Segment {
  readonly fromPerSecond: number;
  readonly toPerSecond: number;
  /** Infinity for the last one. */
  readonly seconds: number;
}

function segmentsOf(rate: Exclude<Rate, { kind: 'max' }>, warmupMs: number): Segment[] {
  const steady = (perSecond: number, seconds: number): Segment => ({
    fromPerSecond: perSecond,
    toPerSecond: perSecond,
    seconds,
  });
  if (rate.kind === 'fixed') return [steady(rate.perSecond, Number.POSITIVE_INFINITY)];
  const first = rate.stages[0]!;
  const last = rate.stages.at(-1)!;
  return [
    steady(first.fromPerSecond, warmupMs / 1000),
    ...rate.stages.map(({ fromPerSecond, toPerSecond, forMs }) => ({
      fromPerSecond,
      toPerSecond,
      seconds: forMs / 1000,
    })),
    steady(last.toPerSecond, Number.POSITIVE_INFINITY),
  ];
}

/** The inverse of the rate's integral, for places that never fall. */
class Timeline {
  readonly #segments: readonly Segment[];
  #index = 0;
  /** Place and time at the start of the current segment. */
  #place = 0;
  #seconds = 0;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  /** Nanoseconds; Infinity when the rate never gets there. */
  timeOf(place: number): number {
    for (;;) {
      const { fromPerSecond, toPerSecond, seconds } = this.#segments[this.#index]!;
      const left = place - this.#place;
      const last = this.#index === this.#segments.length - 1;
      if (last) return toPerSecond === 0 ? Number.POSITIVE_INFINITY : this.#round(left / toPerSecond);
      const held = ((fromPerSecond + toPerSecond) / 2) * seconds;
      if (left < held) {
        // r·x + (slope / 2)·x² = left, in the form that stays exact when the slope is small.
        const slope = (toPerSecond - fromPerSecond) / seconds;
        const root = Math.sqrt(Math.max(0, fromPerSecond * fromPerSecond + 2 * slope * left));
        return this.#round((2 * left) / (fromPerSecond + root));
      }
      this.#place += held;
      this.#seconds += seconds;
      this.#index++;
    }
  }

  #round(within: number): number {
    return Math.round((this.#seconds + within) * 1e9);
  }
}
