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

/** Of one world, which waits for one drain at a time: so that an event costs no closure. */
function microtaskDrain(): (callback: () => void) => void {
  let waiting: () => void = () => {};
  const afterAll = (): void => process.nextTick(waiting);
  return (callback) => {
    waiting = callback;
    queueMicrotask(afterAll);
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
