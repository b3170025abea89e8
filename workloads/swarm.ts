import type { Random } from '../core/runtime.ts';
import type { DiskOperation, FaultAction, FaultKind, PartitionShape, Selector } from './fault.ts';
import { type KafkaConfig, topicNames, type Workload } from './workload.ts';

const DISK_OPERATIONS: readonly DiskOperation[] = [
  'open',
  'read',
  'write',
  'sync',
  'truncate',
  'rename',
  'unlink',
  'directory-sync',
];

/** Values that change which code runs and promise no less than the defaults do. */
const TOPIC_CONFIGS: Choices = {
  'segment.bytes': ['1048576'],
  'segment.ms': ['2000'],
  'index.interval.bytes': ['512'],
  'flush.messages': ['1', '100'],
};
const PRODUCER_CONFIGS: Choices = {
  'linger.ms': ['0', '20', '100'],
  'batch.size': ['1024', '131072'],
  'compression.type': ['gzip', 'snappy', 'lz4', 'zstd'],
  'max.in.flight.requests.per.connection': ['1', '2'],
  'request.timeout.ms': ['1000', '5000'],
};
const CONSUMER_CONFIGS: Choices = {
  'max.poll.records': ['1', '50'],
  'fetch.min.bytes': ['20000'],
  'fetch.max.wait.ms': ['20'],
  'max.partition.fetch.bytes': ['4096'],
  'auto.commit.interval.ms': ['100'],
  'partition.assignment.strategy': ['range', 'roundrobin', 'cooperative-sticky'],
};

type Choices = Readonly<Record<string, readonly string[]>>;

/** Swarm testing of configs: each that the file leaves open is set in a quarter of all seeds. */
export function swarmConfigs(workload: Workload, random: Random): Workload {
  const draw = (choices: Choices, set: KafkaConfig, own: Random): KafkaConfig => {
    const drawn: Record<string, string> = {};
    for (const [name, values] of Object.entries(choices)) {
      const detail = own.fork(name);
      if (set[name] === undefined && detail.float() < 0.25) drawn[name] = values[detail.below(values.length)]!;
    }
    return { ...set, ...drawn };
  };
  return {
    ...workload,
    topics: workload.topics.map((topic) => ({
      ...topic,
      config: draw(TOPIC_CONFIGS, topic.config, random.fork(`topic ${topic.name}`)),
    })),
    producers: workload.producers.map((producer, index) => ({
      ...producer,
      client: draw(PRODUCER_CONFIGS, producer.client, random.fork(`producer ${index}`)),
    })),
    consumers: workload.consumers.map((consumer, index) => ({
      ...consumer,
      client: draw(CONSUMER_CONFIGS, consumer.client, random.fork(`consumer ${index}`)),
    })),
  };
}

/** A fault of this kind with parameters drawn: how long, how strong, on whom. */
export function swarmAction(kind: FaultKind, workload: Workload, everyMs: number, random: Random): FaultAction {
  const target = drawTarget(workload, random);
  const forMs = Math.round(everyMs * (0.1 + random.float() * 1.2));
  const restartAfterMs = Math.round(everyMs * (0.05 + random.float() * 0.8));
  switch (kind) {
    case 'kill':
    case 'power-loss':
    case 'clean-stop':
    case 'disk-replace':
      return { kind, target, restartAfterMs };
    case 'disk-swap':
      return { kind, target, with: { kind: 'any' }, restartAfterMs };
    case 'restart':
    case 'connection-reset':
    case 'fsync-failure':
    case 'short-write':
    case 'bit-flip':
      return { kind, target };
    case 'pause':
    case 'refuse-connections':
    case 'stall-then-reset':
    case 'partial-reads':
    case 'disk-full':
    case 'fsync-lie':
      return { kind, target, forMs };
    case 'slow-cpu':
    case 'slow-disk':
      return { kind, target, forMs, factor: 2 + random.below(20) };
    case 'disk-stall':
      return { kind, target, forMs, operations: random.float() < 0.5 ? 'all' : 'sync' };
    case 'disk-error':
      return { kind, target, operation: DISK_OPERATIONS[random.below(DISK_OPERATIONS.length)]! };
    case 'slow-link':
      return {
        kind,
        target,
        forMs,
        delayMs: random.below(200),
        jitterMs: random.below(100),
        bytesPerSecond: random.float() < 0.5 ? null : 100_000 + random.below(10_000_000),
      };
    case 'partition':
      return {
        kind,
        shape: drawShape(workload, target, random),
        flapMs: random.float() < 0.2 ? 20 + random.below(500) : null,
        forMs,
      };
    case 'clock-jump':
      return { kind, target, byMs: random.below(20_000) - 10_000 };
    case 'clock-offset':
      return { kind, target, forMs, byMs: random.below(20_000) - 10_000 };
    case 'clock-drift':
      return { kind, target, forMs, partsPerMillion: random.below(20_000) - 10_000 };
  }
}

function drawTarget(workload: Workload, random: Random): Selector {
  const draw = random.float();
  if (draw < 0.4) return { kind: 'any' };
  if (draw < 0.5) return { kind: 'controller' };
  const names = workload.topics.flatMap((topic) =>
    topicNames(topic).map((name) => ({ name, partitions: topic.partitions })),
  );
  const topic = names[random.below(names.length)]!;
  const partition = random.below(topic.partitions);
  const replicated = workload.cluster.brokers > 1 && draw > 0.8;
  return { kind: replicated ? 'follower' : 'leader', topic: topic.name, partition };
}

function drawShape(workload: Workload, target: Selector, random: Random): PartitionShape {
  const draw = random.float();
  if (workload.cluster.brokers >= 3 && draw > 0.6) {
    return { kind: draw > 0.85 ? 'halves' : draw > 0.7 ? 'bridge' : 'majority-ring' };
  }
  const directions = ['both', 'in', 'out'] as const;
  return { kind: 'isolate', target, clients: random.float() < 0.5, direction: directions[random.below(3)]! };
}
