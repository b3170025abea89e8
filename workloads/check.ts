import { checkExpectations } from './check-expect.ts';
import { checkFaults } from './check-faults.ts';
import { checkProducer } from './check-producers.ts';
import { checkDriver } from './client-driver.ts';
import { count, quote } from './diagnostics.ts';
import type { WorkloadFile } from './file.ts';
import { nearest } from './nearest.ts';
import { isSet, placeOf } from './object-schema.ts';
import { conflict } from './scalars.ts';
import { type Place, report } from './schema.ts';
import {
  type ClusterSpec,
  type ConsumerSpec,
  type PhaseSpec,
  type ProducerSpec,
  specOfTopic,
  type TargetKind,
  type TopicSpec,
  type Workload,
} from './workload.ts';

/** What only shows when the parts of a file are held against each other; fills in the defaults that depend on others. */
export function resolveWorkload(file: WorkloadFile, name: string, root: Place): Workload {
  const { target } = file;
  const cluster = resolveCluster(file.cluster, target);
  const topics = file.topics.map((topic) => resolveTopic(topic, cluster));
  const phases = resolvePhases(file.phases);
  const workload: Workload = {
    name,
    seed: file.seed,
    target,
    ...(file.client.driver === 'faultline' ? {} : { driver: file.client.driver }),
    bootstrap: file.bootstrap,
    cluster,
    topics,
    producers: file.producers.map(resolveProducer),
    consumers: file.consumers.map((consumer) => resolveConsumer(consumer, phases)),
    phases,
    faults: file.faults,
    expect: file.expect,
  };
  if (target === 'kafka' && file.bootstrap.length === 0) {
    report(root, 'missing-key', '"bootstrap" is missing; target kafka needs a list of host:port');
  }
  checkTopics(file, topics);
  checkReferences(file, workload);
  for (const [index, producer] of workload.producers.entries())
    checkProducer(file.producers[index]!, producer, workload);
  checkDriver(file, workload);
  checkExpectations(file, workload, root);
  return { ...workload, faults: checkFaults(file.faults, workload, placeOf(file, 'target')) };
}

/** Target kafka: without a word about the cluster we know nothing of it. */
function resolveCluster(read: WorkloadFile['cluster'], target: TargetKind): ClusterSpec {
  const brokers = read.brokers ?? (target === 'kafka' ? 0 : 1);
  if (brokers > 0 && read.racks.length > brokers) {
    const place = placeOf(read, 'racks');
    if (place !== null) conflict(place, `${place.path}: ${read.racks.length} racks for ${count(brokers, 'broker')}`);
  }
  const { racks, profile, config, features } = read;
  return { brokers, racks, profile, config, ...(features === null ? {} : { features }) };
}

function resolveTopic(read: WorkloadFile['topics'][number], cluster: ClusterSpec): TopicSpec {
  const { brokers } = cluster;
  const usual = brokers === 0 ? -1 : Math.min(3, brokers);
  const replicationFactor = read.replicationFactor ?? usual;
  if (brokers > 0 && replicationFactor > brokers) {
    const place = placeOf(read, 'replicationFactor')!;
    conflict(place, `${place.path}: ${replicationFactor} copies need as many brokers; cluster.brokers is ${brokers}`);
  }
  return { name: read.name, count: read.count, partitions: read.partitions, replicationFactor, config: read.config };
}

function resolveProducer(read: WorkloadFile['producers'][number]): ProducerSpec {
  const { topic, count: instances, rate, arrival, keys, value, client, transaction } = read;
  return { topic, count: instances, rate: rate ?? { kind: 'max' }, arrival, keys, value, client, transaction };
}

function resolveConsumer(read: WorkloadFile['consumers'][number], phases: PhaseSpec): ConsumerSpec {
  const endMs = phases.warmupMs + phases.measureMs;
  if (read.start >= endMs) {
    const place = placeOf(read, 'start')!;
    conflict(place, `${place.path}: the load is over after ${endMs} ms`);
  }
  const session = Number(read.client['session.timeout.ms'] ?? 45_000);
  const heartbeat = Number(read.client['heartbeat.interval.ms'] ?? 3_000);
  if (heartbeat >= session) {
    const place = placeOf(read, 'client')!;
    conflict(place, `${place.path}: heartbeat.interval.ms must be below session.timeout.ms (${session})`);
  }
  return {
    topic: read.topic,
    group: read.group === '' ? `${read.topic}-readers` : read.group,
    groups: read.groups,
    groupPerTopic: read.groupPerTopic,
    count: read.count,
    processingNs: Math.round(read.processing * 1e6),
    startMs: read.start,
    // Kafka's own default is latest, which would excuse every record that came before the assignment.
    client: { 'auto.offset.reset': 'earliest', ...read.client },
  };
}

function resolvePhases(read: WorkloadFile['phases']): PhaseSpec {
  const backlog = read.backlog === null ? null : { bytes: read.backlog.size, drainRatio: read.backlog.drain };
  return { warmupMs: read.warmup, measureMs: read.measure, drainMs: read.drain, backlog };
}

function checkTopics(file: WorkloadFile, topics: readonly TopicSpec[]): void {
  for (const [index, topic] of topics.entries()) {
    const place = placeOf(file.topics[index]!, 'name')!;
    if (topic.name.startsWith('__')) {
      report(place, 'value', `${place.path}: names that start with __ are Kafka's own`);
    }
    const before = topics.findIndex((other, at) => at < index && overlaps(other, topic));
    if (before >= 0) report(place, 'duplicate-key', `${place.path}: ${quote(topic.name)} is topics[${before}] already`);
  }
}

/** Whether two specs stand for a topic of the same name. */
function overlaps(a: TopicSpec, b: TopicSpec): boolean {
  if (a.name === b.name) return true;
  return (b.count === 1 && specOfTopic([a], b.name) === a) || (a.count === 1 && specOfTopic([b], a.name) === b);
}

function checkReferences(file: WorkloadFile, workload: Workload): void {
  const topicsPlace = placeOf(file, 'topics')!;
  if (
    workload.producers.length === 0 &&
    workload.consumers.length === 0 &&
    !isSet(file, 'producers') &&
    !isSet(file, 'consumers')
  ) {
    report(topicsPlace, 'missing-key', 'neither producers nor consumers: there is nothing to run');
  }
  const names = workload.topics.map(({ name }) => name);
  for (const user of [...file.producers, ...file.consumers]) {
    const spec = workload.topics.find(({ name }) => name === user.topic);
    const place = placeOf(user, 'topic')!;
    if (spec === undefined) {
      // An entry of topics that could not be read may well be the one that is named here.
      if (readWhole(file, topicsPlace) && !place.source.full) {
        report(
          place,
          'reference',
          `${place.path}: there is no topic ${quote(user.topic)} in topics`,
          nearest(user.topic, names),
        );
      }
    } else if ('group' in user) warnOfIdleMembers(user, spec);
  }
}

function readWhole(file: WorkloadFile, topics: Place): boolean {
  const { node } = topics;
  return (
    node !== null && 'items' in node && (node as { items: readonly unknown[] }).items.length === file.topics.length
  );
}

function warnOfIdleMembers(consumer: WorkloadFile['consumers'][number], topic: TopicSpec): void {
  const partitions = topic.partitions * (consumer.groupPerTopic ? 1 : topic.count);
  if (consumer.count <= partitions) return;
  const place = placeOf(consumer, 'count')!;
  const idle = count(consumer.count - partitions, 'member');
  place.source.report(
    place.node,
    place.path,
    'conflict',
    `${place.path}: ${count(partitions, 'partition')}, so ${idle} will be idle`,
    null,
    'warning',
  );
}
