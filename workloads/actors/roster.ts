import type { ActorRole, HistoryNames } from '../history.ts';
import { producerSettings } from '../settings.ts';
import {
  type ConsumerSpec,
  consumerGroups,
  type ProducerSpec,
  topicNames,
  topicsOfInstance,
  type Workload,
} from '../workload.ts';

/** One producer instance of the workload, with an index that is its name in the history. */
export interface ProducerSeat {
  readonly kind: 'producer';
  readonly actor: number;
  readonly name: string;
  readonly spec: ProducerSpec;
  /** Which of the spec's `count` instances this is. */
  readonly instance: number;
  readonly topics: readonly string[];
}

/** One group member, or one reader without a group. */
export interface ConsumerSeat {
  readonly kind: 'consumer';
  readonly actor: number;
  readonly name: string;
  readonly spec: ConsumerSpec;
  readonly group: string | null;
  readonly topics: readonly string[];
  readonly member: number;
  readonly members: number;
}

export interface AuditorSeat {
  readonly kind: 'auditor';
  readonly actor: number;
  readonly name: string;
}

/**
 * Who takes part in a run, and the numbers by which the history calls actors and partitions. A function of the workload
 * alone, so that worker threads agree on it without talking.
 */
export interface Roster {
  readonly producers: readonly ProducerSeat[];
  readonly consumers: readonly ConsumerSeat[];
  readonly auditor: AuditorSeat;
  readonly names: HistoryNames;
  /** All topics in order, each with the history index of its partition 0. */
  readonly topics: readonly { readonly name: string; readonly partitions: number; readonly firstPartition: number }[];
  /** History index of a partition, -1 for one that the workload does not have. */
  partitionIndex(topic: string, partition: number): number;
}

export function rosterOf(workload: Workload): Roster {
  const topics: { name: string; partitions: number; firstPartition: number }[] = [];
  const partitions: { topic: string; partition: number }[] = [];
  for (const spec of workload.topics) {
    for (const name of topicNames(spec)) {
      topics.push({ name, partitions: spec.partitions, firstPartition: partitions.length });
      for (let partition = 0; partition < spec.partitions; partition++) partitions.push({ topic: name, partition });
    }
  }
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const actors: { name: string; role: ActorRole }[] = [];
  const producers = seatProducers(workload, actors);
  const consumers = seatConsumers(workload, actors);
  const auditor: AuditorSeat = { kind: 'auditor', actor: actors.length, name: 'auditor' };
  actors.push({ name: auditor.name, role: { kind: 'auditor', isolation: 'read_uncommitted' } });
  return {
    producers,
    consumers,
    auditor,
    names: { actors, partitions },
    topics,
    partitionIndex(topic, partition) {
      const found = byName.get(topic);
      return found === undefined || partition < 0 || partition >= found.partitions
        ? -1
        : found.firstPartition + partition;
    },
  };
}

function seatProducers(workload: Workload, actors: { name: string; role: ActorRole }[]): ProducerSeat[] {
  const seats: ProducerSeat[] = [];
  workload.producers.forEach((spec, entry) => {
    const names = topicNames(specOf(workload, spec.topic));
    for (let instance = 0; instance < spec.count; instance++) {
      const name = `producer-${entry}-${instance}`;
      seats.push({
        kind: 'producer',
        actor: actors.length,
        name,
        spec,
        instance,
        topics: topicsOfInstance(names.length, instance, spec.count).map((index) => names[index]!),
      });
      actors.push({ name, role: producerRole(spec) });
    }
  });
  return seats;
}

function seatConsumers(workload: Workload, actors: { name: string; role: ActorRole }[]): ConsumerSeat[] {
  const seats: ConsumerSeat[] = [];
  workload.consumers.forEach((spec, entry) => {
    consumerGroups(spec, specOf(workload, spec.topic)).forEach((group, groupNumber) => {
      for (let member = 0; member < group.members; member++) {
        const name = `consumer-${entry}-${groupNumber}-${member}`;
        seats.push({
          kind: 'consumer',
          actor: actors.length,
          name,
          spec,
          group: group.group,
          topics: group.topics,
          member,
          members: group.members,
        });
        const isolation = spec.client['isolation.level'] === 'read_committed' ? 'read_committed' : 'read_uncommitted';
        actors.push({ name, role: { kind: 'consumer', group: group.group, isolation } });
      }
    });
  });
  return seats;
}

function specOf(workload: Workload, topic: string): Workload['topics'][number] {
  const spec = workload.topics.find((candidate) => candidate.name === topic);
  if (spec === undefined) throw new Error(`the workload has no topic ${topic}: validation should have refused it`);
  return spec;
}

function producerRole(spec: ProducerSpec): ActorRole {
  const { acks, idempotent } = producerSettings(spec);
  return { kind: 'producer', acks, idempotent, transactional: spec.transaction !== null };
}
