import { type ConfigInput, type ConfigValues, commonRules, invalid, readConfig } from '../config.ts';

/** Kafka's consumer configs (ConsumerConfig) that this consumer has, with Kafka's defaults. */
export const consumerRules = {
  'allow.auto.create.topics': { type: 'bool', default: true },
  'auto.commit.interval.ms': { type: 'int', default: 5000, min: 0 },
  'auto.offset.reset': { type: 'text', default: 'latest' },
  'check.crcs': { type: 'bool', default: true },
  'client.rack': { type: 'text', default: '' },
  'default.api.timeout.ms': { type: 'int', default: 60000, min: 0 },
  'enable.auto.commit': { type: 'bool', default: true },
  'fetch.max.bytes': { type: 'int', default: 52428800, min: 0 },
  'fetch.max.wait.ms': { type: 'int', default: 500, min: 0 },
  'fetch.min.bytes': { type: 'int', default: 1, min: 0 },
  'group.id': { type: 'text', default: null },
  'group.instance.id': { type: 'text', default: null },
  'group.protocol': { type: 'text', default: 'classic', oneOf: ['classic'] },
  'heartbeat.interval.ms': { type: 'int', default: 3000, min: 1 },
  'isolation.level': { type: 'text', default: 'read_uncommitted', oneOf: ['read_uncommitted', 'read_committed'] },
  'max.partition.fetch.bytes': { type: 'int', default: 1048576, min: 0 },
  'max.poll.interval.ms': { type: 'int', default: 300000, min: 1 },
  'max.poll.records': { type: 'int', default: 500, min: 1 },
  'partition.assignment.strategy': { type: 'list', default: ['range', 'cooperative-sticky'] },
  'session.timeout.ms': { type: 'int', default: 45000, min: 1 },
} as const;

const allRules = { ...commonRules, ...consumerRules };

export type ConsumerConfigValues = ConfigValues<typeof commonRules> & ConfigValues<typeof consumerRules>;

/** Where to start without a position: KIP-1106's `by_duration` counts back from now. */
export type OffsetReset =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'none' }
  | { readonly kind: 'byDuration'; readonly durationMs: number };

export type AssignorName = 'range' | 'roundrobin' | 'cooperative-sticky';

export interface ConsumerConfig {
  readonly values: ConsumerConfigValues;
  readonly reset: OffsetReset;
  readonly readCommitted: boolean;
  readonly groupId: string | null;
  readonly autoCommit: boolean;
  /** In order of preference. */
  readonly assignors: readonly AssignorName[];
}

/** Java's class names, so that its properties files work. */
const ASSIGNORS: Readonly<Record<string, AssignorName>> = {
  range: 'range',
  roundrobin: 'roundrobin',
  'cooperative-sticky': 'cooperative-sticky',
  'org.apache.kafka.clients.consumer.RangeAssignor': 'range',
  'org.apache.kafka.clients.consumer.RoundRobinAssignor': 'roundrobin',
  'org.apache.kafka.clients.consumer.CooperativeStickyAssignor': 'cooperative-sticky',
};

/** @throws ClientError 'configuration' for a value or a combination that Kafka refuses too. */
export function readConsumerConfig(input: ConfigInput): ConsumerConfig {
  const values = readConfig(allRules, input);
  const groupId = values['group.id'];
  if (groupId === '') throw invalid('group.id', 'must not be empty');
  if (values['group.instance.id'] === '') throw invalid('group.instance.id', 'must not be empty');
  if (groupId === null && input['enable.auto.commit'] !== undefined && values['enable.auto.commit']) {
    throw invalid('enable.auto.commit', 'needs a group.id');
  }
  if (values['heartbeat.interval.ms'] >= values['session.timeout.ms']) {
    throw invalid('heartbeat.interval.ms', 'must be below session.timeout.ms');
  }
  const assignors = values['partition.assignment.strategy'].map((name) => {
    const known = ASSIGNORS[name];
    if (known === undefined) throw invalid('partition.assignment.strategy', `${name} is not known here`);
    return known;
  });
  if (assignors.length === 0) throw invalid('partition.assignment.strategy', 'name at least one');
  return {
    values,
    reset: parseReset(values['auto.offset.reset']),
    readCommitted: values['isolation.level'] === 'read_committed',
    groupId,
    autoCommit: groupId !== null && values['enable.auto.commit'],
    assignors,
  };
}

function parseReset(text: string): OffsetReset {
  const lower = text.toLowerCase();
  if (lower === 'earliest' || lower === 'latest' || lower === 'none') return { kind: lower };
  const durationMs = text.startsWith('by_duration:') ? parseDuration(text.slice('by_duration:'.length)) : null;
  if (durationMs === null) {
    throw invalid('auto.offset.reset', `${text} is not latest, earliest, none or by_duration:PnDTnHnMn.nS`);
  }
  return { kind: 'byDuration', durationMs };
}

/** Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds; null for anything else. */
function parseDuration(text: string): number | null {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text);
  if (match === null || text === 'P' || text.endsWith('T')) return null;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.round((((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!) * 1000);
}
