import { brokerRows } from './broker-definitions.ts';
import { groupRows } from './group-definitions.ts';
import { topicRows } from './topic-definitions.ts';

export type ConfigType = 'boolean' | 'short' | 'int' | 'long' | 'double' | 'string' | 'list' | 'class' | 'password';

/** Name, type, default (null: none), accepted values in Kafka's notation, 'dynamic' when it can change at run time. */
export type DefinitionRow = readonly [
  name: string,
  type: ConfigType,
  defaultValue: string | null,
  accepted?: string | null,
  update?: 'dynamic',
];

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  readonly defaultValue: string | null;
  readonly accepts: Acceptance;
  readonly dynamic: boolean;
}

/** Which values of its type a setting takes. */
export type Acceptance =
  | { readonly kind: 'any' }
  | { readonly kind: 'range'; readonly min: number; readonly max: number | null; readonly orElse: number | null }
  | { readonly kind: 'oneOf'; readonly values: readonly string[]; readonly ignoreCase: boolean }
  | { readonly kind: 'nonEmpty' }
  | { readonly kind: 'throttledReplicas' };

/** Reads Kafka's notation: `[0,...]`, `[1,...,9] or -1`, `[a, b]`, `(case insensitive) [A, B]`, `non-empty string`. */
function parseAcceptance(text: string | null): Acceptance {
  if (text === null || text === 'non-null string' || text === 'non-empty list') return { kind: 'any' };
  if (text === 'non-empty string') return { kind: 'nonEmpty' };
  if (text.startsWith('[partitionId]')) return { kind: 'throttledReplicas' };
  const range = /^\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\](?: or (-?\d+))?$/.exec(text);
  if (range !== null) {
    return {
      kind: 'range',
      min: Number(range[1]),
      max: range[2] === undefined ? null : Number(range[2]),
      orElse: range[3] === undefined ? null : Number(range[3]),
    };
  }
  const choice = /^(\(case insensitive\) )?\[(.*)\]$/.exec(text);
  if (choice === null) throw new Error(`cannot read the accepted values ${text}`);
  return { kind: 'oneOf', values: choice[2]!.split(', '), ignoreCase: choice[1] !== undefined };
}

function index(rows: readonly DefinitionRow[]): ReadonlyMap<string, ConfigDefinition> {
  return new Map(
    rows.map(([name, type, defaultValue, accepted, update]) => [
      name,
      { name, type, defaultValue, accepts: parseAcceptance(accepted ?? null), dynamic: update === 'dynamic' },
    ]),
  );
}

export const topicDefinitions: ReadonlyMap<string, ConfigDefinition> = index(topicRows);
export const brokerDefinitions: ReadonlyMap<string, ConfigDefinition> = index(brokerRows);
export const groupDefinitions: ReadonlyMap<string, ConfigDefinition> = index(groupRows);
/** KIP-714 subscriptions. */
export const clientMetricsDefinitions: ReadonlyMap<string, ConfigDefinition> = index([
  ['interval.ms', 'int', '300000', '[100,...,3600000]'],
  ['match', 'list', ''],
  ['metrics', 'list', ''],
]);

/** The broker setting that gives a topic setting its default, and units that differ: `[name, factor to the topic's]`. */
export interface TopicSynonym {
  readonly name: string;
  readonly toTopicUnits: number;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** In order of precedence. Topic settings that are not here have no broker setting. */
export const topicSynonyms: ReadonlyMap<string, readonly TopicSynonym[]> = new Map(
  (
    [
      ['cleanup.policy', ['log.cleanup.policy']],
      ['compression.gzip.level', ['compression.gzip.level']],
      ['compression.lz4.level', ['compression.lz4.level']],
      ['compression.type', ['compression.type']],
      ['compression.zstd.level', ['compression.zstd.level']],
      ['delete.retention.ms', ['log.cleaner.delete.retention.ms']],
      ['file.delete.delay.ms', ['log.segment.delete.delay.ms']],
      ['flush.messages', ['log.flush.interval.messages']],
      ['flush.ms', ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms']],
      ['index.interval.bytes', ['log.index.interval.bytes']],
      ['local.retention.bytes', ['log.local.retention.bytes']],
      ['local.retention.ms', ['log.local.retention.ms']],
      ['max.compaction.lag.ms', ['log.cleaner.max.compaction.lag.ms']],
      ['max.message.bytes', ['message.max.bytes']],
      ['message.timestamp.after.max.ms', ['log.message.timestamp.after.max.ms']],
      ['message.timestamp.before.max.ms', ['log.message.timestamp.before.max.ms']],
      ['message.timestamp.type', ['log.message.timestamp.type']],
      ['min.cleanable.dirty.ratio', ['log.cleaner.min.cleanable.ratio']],
      ['min.compaction.lag.ms', ['log.cleaner.min.compaction.lag.ms']],
      ['min.insync.replicas', ['min.insync.replicas']],
      ['preallocate', ['log.preallocate']],
      ['retention.bytes', ['log.retention.bytes']],
      ['retention.ms', ['log.retention.ms', ['log.retention.minutes', minuteMs], ['log.retention.hours', hourMs]]],
      ['segment.bytes', ['log.segment.bytes']],
      ['segment.index.bytes', ['log.index.size.max.bytes']],
      ['segment.jitter.ms', ['log.roll.jitter.ms', ['log.roll.jitter.hours', hourMs]]],
      ['segment.ms', ['log.roll.ms', ['log.roll.hours', hourMs]]],
      ['unclean.leader.election.enable', ['unclean.leader.election.enable']],
    ] as const satisfies readonly (readonly [string, readonly (string | readonly [string, number])[]])[]
  ).map(([topic, names]) => [
    topic,
    names.map((entry) =>
      typeof entry === 'string' ? { name: entry, toTopicUnits: 1 } : { name: entry[0], toTopicUnits: entry[1] },
    ),
  ]),
);

/** The defined name nearest to a misspelt one, for error messages; null when nothing is near. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate, bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, or `bound` when it is at least that. */
function editDistance(from: string, to: string, bound: number): number {
  if (Math.abs(from.length - to.length) >= bound) return bound;
  let previous = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return Math.min(previous[to.length]!, bound);
}
