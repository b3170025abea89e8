import { stringify } from 'yaml';
import type { FaultAction, FaultPlan, FaultSpec, FaultTime } from './fault.ts';
import { formatSelector } from './selectors.ts';
import { formatBytes, formatMs } from './units.ts';
import type {
  Arrival,
  ConsumerSpec,
  KeySpec,
  PhaseSpec,
  ProducerSpec,
  Rate,
  SizeSpec,
  TopicSpec,
  Workload,
} from './workload.ts';

/** A workload file that parses to exactly this workload (its name aside, which is the file's), every default written out. */
export function toYaml(workload: Workload): string {
  const { seed, target, driver, bootstrap, cluster, topics, producers, consumers, phases, faults, expect } = workload;
  const file = {
    seed,
    target,
    ...(driver === undefined ? {} : { client: { driver } }),
    ...(bootstrap.length === 0 ? {} : { bootstrap }),
    cluster: {
      ...(cluster.brokers === 0 ? {} : { brokers: cluster.brokers }),
      racks: cluster.racks,
      profile: cluster.profile,
      config: cluster.config,
      ...(cluster.features === undefined ? {} : { features: cluster.features }),
    },
    topics: topics.map(topicOf),
    producers: producers.map(producerOf),
    consumers: consumers.map(consumerOf),
    phases: phasesOf(phases),
    faults: faultsOf(faults),
    expect: Object.fromEntries(expect.map((line) => [line.name, line.kind === 'durability' ? line.worst : line.text])),
  };
  return stringify(file, { lineWidth: 0, aliasDuplicateObjects: false });
}

function topicOf({ name, count, partitions, replicationFactor, config }: TopicSpec): object {
  // -1 stands for the cluster's own default, which is what the key's absence says.
  return { name, count, partitions, ...(replicationFactor === -1 ? {} : { replicationFactor }), config };
}

function producerOf(producer: ProducerSpec): object {
  const { topic, count, rate, arrival, keys, value, client, transaction } = producer;
  return {
    topic,
    count,
    ...(arrival.kind === 'trace' ? {} : { rate: rateOf(rate) }),
    arrival: arrivalOf(arrival),
    keys: keysOf(keys),
    value: {
      size: sizeOf(value.size),
      compressible: value.compressible,
      pool: value.poolSize,
      corpus: value.corpus,
    },
    client,
    transaction: transaction === null ? null : { records: transaction.records, abort: transaction.abortShare },
  };
}

function rateOf(rate: Rate): unknown {
  switch (rate.kind) {
    case 'max':
      return 'max';
    case 'fixed':
      return perSecond(rate.perSecond);
    case 'stages': {
      // A ramp starts where the stage before ended, so the pair (from, to) is told by `ramp` alone.
      const stages = rate.stages.map(({ fromPerSecond, toPerSecond, forMs }) => ({
        rate: perSecond(toPerSecond),
        for: formatMs(forMs),
        ...(fromPerSecond === toPerSecond ? {} : { ramp: true }),
      }));
      return { stages };
    }
  }
}

function perSecond(rate: number): string {
  return `${rate}/s`;
}

function arrivalOf(arrival: Arrival): unknown {
  if (arrival.kind === 'burst') return { burst: arrival.records };
  return arrival.kind === 'trace' ? { trace: arrival.file } : arrival.kind;
}

function keysOf(keys: KeySpec): unknown {
  switch (keys.kind) {
    case 'none':
      return 'none';
    case 'zipf':
      return { distribution: 'zipf', exponent: keys.exponent, cardinality: keys.cardinality, bytes: keys.bytes };
    case 'hot':
      return {
        distribution: 'hot',
        'hot-keys': keys.hotKeys,
        'hot-share': keys.hotShare,
        cardinality: keys.cardinality,
        bytes: keys.bytes,
      };
    default:
      return { distribution: keys.kind, cardinality: keys.cardinality, bytes: keys.bytes };
  }
}

function sizeOf(size: SizeSpec): unknown {
  switch (size.kind) {
    case 'fixed':
      return formatBytes(size.bytes);
    case 'uniform':
      return { distribution: 'uniform', min: formatBytes(size.minBytes), max: formatBytes(size.maxBytes) };
    case 'lognormal':
      return {
        distribution: 'lognormal',
        median: formatBytes(size.medianBytes),
        p99: formatBytes(size.p99Bytes),
        max: formatBytes(size.maxBytes),
      };
    case 'choice':
      return {
        distribution: 'choice',
        of: size.choices.map(({ bytes, weight }) => ({ size: formatBytes(bytes), weight })),
      };
  }
}

function consumerOf(consumer: ConsumerSpec): object {
  const { topic, group, groups, groupPerTopic, count, processingNs, startMs, client } = consumer;
  return {
    topic,
    group: group ?? null,
    groups,
    groupPerTopic,
    count,
    processing: `${processingNs}ns`,
    start: formatMs(startMs),
    client,
  };
}

function phasesOf({ warmupMs, measureMs, drainMs, backlog }: PhaseSpec): object {
  return {
    warmup: formatMs(warmupMs),
    measure: formatMs(measureMs),
    drain: formatMs(drainMs),
    backlog: backlog === null ? null : { size: formatBytes(backlog.bytes), drain: backlog.drainRatio },
  };
}

function faultsOf(plan: FaultPlan): unknown {
  if (plan.kind === 'swarm') return { swarm: { every: formatMs(plan.everyMs), kinds: plan.kinds } };
  return plan.faults.map(faultOf);
}

function faultOf({ when, oneOf }: FaultSpec): object {
  const actions = oneOf.map(actionOf);
  return { ...timeOf(when), ...(actions.length === 1 ? actions[0] : { 'one-of': actions }) };
}

function timeOf(when: FaultTime): object {
  if (when.kind === 'at') return { at: formatMs(when.atMs) };
  return {
    every: formatMs(when.everyMs),
    arrival: when.arrival,
    from: formatMs(when.fromMs),
    ...(when.untilMs === null ? {} : { until: formatMs(when.untilMs) }),
    ...(when.survivable === true ? { survivable: true } : {}),
  };
}

function actionOf(action: FaultAction): object {
  const parameters: Record<string, unknown> = {};
  if (action.kind === 'partition') {
    const { shape, flapMs } = action;
    parameters.shape = shape.kind === 'isolate' ? `isolate(${formatSelector(shape.target)})` : shape.kind;
    if (shape.kind === 'isolate') Object.assign(parameters, { clients: shape.clients, direction: shape.direction });
    if (flapMs !== null) parameters.flap = formatMs(flapMs);
  } else {
    parameters.broker = formatSelector(action.target);
  }
  if ('forMs' in action && action.forMs !== null) parameters.for = formatMs(action.forMs);
  if ('restartAfterMs' in action && action.restartAfterMs !== null) {
    parameters['restart-after'] = formatMs(action.restartAfterMs);
  }
  Object.assign(parameters, ownParameters(action));
  return { [action.kind]: parameters };
}

function ownParameters(action: FaultAction): object {
  switch (action.kind) {
    case 'slow-cpu':
    case 'slow-disk':
      return { factor: action.factor };
    case 'slow-link':
      return {
        delay: formatMs(action.delayMs),
        jitter: formatMs(action.jitterMs),
        ...(action.bytesPerSecond === null ? {} : { bandwidth: `${action.bytesPerSecond}B/s` }),
      };
    case 'disk-stall':
      return { operations: action.operations };
    case 'disk-error':
      return { operation: action.operation };
    case 'disk-swap':
      return { with: formatSelector(action.with) };
    case 'clock-jump':
    case 'clock-offset':
      return { by: `${action.byMs < 0 ? '-' : ''}${formatMs(Math.abs(action.byMs))}` };
    case 'clock-drift':
      return { ppm: action.partsPerMillion };
    default:
      return {};
  }
}
