import { setImmediate as setImmediateCallback } from 'node:timers';
import { nodeCodecs } from '../core/node/index.ts';
import type { RuleId, VerdictResult } from '../reports/verdict/result.ts';
import { type SimulationOptions, type SimulationOutcome, simulate } from '../sim/run.ts';
import { compareTraces, type Determinism, type Trace } from '../sim/trace.ts';
import type { Outcome } from './outcome.ts';

export type WorldOptions = Pick<
  SimulationOptions,
  'plan' | 'onProgress' | 'interrupted' | 'replay' | 'log' | 'history' | 'journal' | 'endsAt'
>;

/** A simulation on this process' event loop. */
export function simulateHere(options: WorldOptions & { trace?: Trace }): Promise<SimulationOutcome> {
  const { files = {} } = options.plan;
  return simulate({
    ...options,
    file: (path) => (files[path] === undefined ? null : Buffer.from(files[path], 'base64')),
    codecs: nodeCodecs,
    afterMicrotasks: microtaskDrain(),
    breathe: (callback) => setImmediateCallback(callback),
  });
}

/**
 * The same, ended as soon as one of the rules is seen to break within a broker. Where the contract allows what was seen,
 * more may come: then the run is made again, and to its end.
 */
export async function simulateUntil(rules: readonly RuleId[], options: WorldOptions): Promise<SimulationOutcome> {
  const ended = await simulateHere({ ...options, endsAt: rules });
  if (!ended.endedEarly || failedRules(ended.verdict).some((rule) => rules.includes(rule))) return ended;
  return simulateHere(options);
}

export function failedRules({ rules }: VerdictResult): RuleId[] {
  return rules.filter(({ result }) => result === 'fail').map(({ rule }) => rule);
}

/** Node's own: runs every microtask and all that they cause, at once. Not documented, and older than what is. */
const { _tickCallback: runMicrotasks } = process as typeof process & { readonly _tickCallback?: () => void };

/**
 * Of one world, which waits for one drain at a time: so that an event costs no closure. Where the platform can drain at
 * once, a loop does so between any two events, at a fifth of what it costs to come back to the event loop each time.
 */
function microtaskDrain(): (callback: () => void) => void {
  let waiting: (() => void) | null = null;
  if (runMicrotasks === undefined) {
    const afterAll = (): void => process.nextTick(waiting!);
    return (callback) => {
      waiting = callback;
      queueMicrotask(afterAll);
    };
  }
  let isLooping = false;
  const loop = (): void => {
    try {
      while (waiting !== null) {
        runMicrotasks();
        const callback: () => void = waiting;
        waiting = null;
        callback();
      }
    } finally {
      // What a microtask throws is the process' matter: should it go on, so does the world.
      isLooping = waiting !== null;
      if (isLooping) setImmediateCallback(loop);
    }
  };
  return (callback) => {
    waiting = callback;
    if (isLooping) return;
    isLooping = true;
    setImmediateCallback(loop);
  };
}

/** Runs the same plan twice and names the first event in which the runs differ. */
export function verifyHere(options: WorldOptions): Promise<Determinism> {
  return compareTraces(async (trace) => {
    await simulateHere({ ...options, trace });
  });
}

export function outcomeOf(simulated: SimulationOutcome, wallSeconds: number): Outcome {
  const { verdict, conducted, measurements, series, faults, control, problems, report, brokerCpuNs } = simulated;
  return {
    verdict,
    conducted,
    measurements,
    series,
    faults,
    control,
    problems,
    sim: {
      events: report.events,
      virtualSeconds: Number(report.virtualSeconds.toFixed(3)),
      wallSeconds: Number(wallSeconds.toFixed(3)),
      hash: report.hash.toString(16).padStart(14, '0'),
      ...(brokerCpuNs === null ? {} : { brokerCpuMs: brokerCpuNs / 1e6 }),
    },
  };
}
