import { EXIT } from '../../reports/run-record.ts';
import { parseDurationMs, parseRatePerSecond, parseShare, type Quantity } from '../../workloads/units.ts';
import type { Workload } from '../../workloads/workload.ts';
import { CommandError } from '../exit.ts';
import { limitsOf } from './probe.ts';

export interface FindMaxFlags {
  readonly limit: readonly string[];
  readonly resolution?: string;
  readonly probe?: string;
  readonly from?: string;
  readonly atMost?: string;
}

export interface FindMaxOptions {
  readonly resolution: number;
  /** The measured part of a probe. */
  readonly probeMs: number;
  readonly from: number;
  readonly atMost: number;
}

/** Where the file names no limit. */
export const DEFAULT_LIMIT = 'publish.p99=50ms';
const RESOLUTION = 0.02;
const PROBE_MS = { live: 5_000, sim: 1_000 } as const;
const FROM = 2_000;
const AT_MOST = 10_000_000;

/** `publish.p99=20ms` → the override that puts it into the file, so that it is checked as a line of the file is. */
export function limitOverride(limit: string): string {
  const equals = limit.indexOf('=');
  if (equals < 1)
    throw new CommandError(EXIT.badWorkload, `--limit ${limit}: expected name=value, as ${DEFAULT_LIMIT}`);
  const value = limit.slice(equals + 1).trim();
  return `expect.${limit.slice(0, equals).trim()}=${/^[<>]/.test(value) ? value : `< ${value}`}`;
}

/** @throws CommandError 20: an option or a workload that cannot be searched. */
export function findMaxOptions(flags: FindMaxFlags, workload: Workload): FindMaxOptions {
  const refuse = (message: string): never => {
    throw new CommandError(EXIT.badWorkload, message);
  };
  const { producers, faults, phases } = workload;
  if (producers.length === 0) refuse('--find-max: this workload sends nothing');
  if (producers.some(({ arrival }) => arrival.kind === 'trace'))
    refuse('--find-max: a trace has its own times; give the producers a rate');
  if (faults.kind === 'swarm' || faults.faults.length > 0)
    refuse('--find-max: a rate is sustainable without faults or not at all; take them out with --set faults=[]');
  if (phases.backlog !== null) refuse('--find-max: a backlog that is built on purpose hides one that grows');
  const upward = limitsOf(workload).find(({ comparison }) => comparison.startsWith('>'));
  if (upward !== undefined) refuse(`--find-max: ${upward.name} ${upward.text} is no limit from above`);
  const fixed = producers.map(({ rate }) => (rate.kind === 'fixed' ? rate.perSecond : 0));
  const total = fixed.every((rate) => rate > 0) ? fixed.reduce((sum, rate) => sum + rate, 0) : FROM * 8;
  const resolution = quantity('--resolution', flags.resolution, parseShare, RESOLUTION);
  if (resolution < 0.001 || resolution > 1) refuse(`--resolution ${flags.resolution}: expected 0.1% … 100%`);
  const probeMs = quantity(
    '--probe',
    flags.probe,
    parseDurationMs,
    workload.target === 'sim' ? PROBE_MS.sim : PROBE_MS.live,
  );
  if (probeMs < 500 || probeMs > 3_600_000) refuse(`--probe ${flags.probe}: expected 500ms … 1h`);
  const from = Math.max(1, quantity('--from', flags.from, parseRatePerSecond, total / 8));
  return {
    resolution,
    probeMs,
    from,
    atMost: Math.max(1, quantity('--at-most', flags.atMost, parseRatePerSecond, AT_MOST)),
  };
}

function quantity(
  option: string,
  text: string | undefined,
  parse: (text: string) => Quantity,
  otherwise: number,
): number {
  if (text === undefined) return otherwise;
  const found = parse(text);
  if (found.ok) return found.value;
  const near = found.suggestion === null ? '' : `; did you mean ${found.suggestion}?`;
  throw new CommandError(EXIT.badWorkload, `${option} ${text}: not understood${near}`);
}
