import type { Workload } from './workload.ts';

/**
 * The same workload on topics and groups of its own, whose names end in `suffix`: several runs may follow one another on
 * a cluster, or share it, and none meets another's records or members. Outside the workload's hash: it is the same load.
 */
export function withSuffix(workload: Workload, suffix: string): Workload {
  const named = (name: string): string => `${name}-${suffix}`;
  return {
    ...workload,
    topics: workload.topics.map((topic) => ({ ...topic, name: named(topic.name) })),
    producers: workload.producers.map((producer) => ({ ...producer, topic: named(producer.topic) })),
    consumers: workload.consumers.map((consumer) => ({
      ...consumer,
      topic: named(consumer.topic),
      group: consumer.group === null ? null : named(consumer.group),
    })),
  };
}
