import type { PartitionImage } from '../controller/image.ts';
import type { Partition } from './partition.ts';
import type { TopicSettings } from './topic-settings.ts';

/** A topic of which this broker holds partitions. */
export interface HostedTopic {
  readonly id: string;
  readonly name: string;
  readonly partitions: Map<number, Partition>;
  settings: TopicSettings;
}

/** The topics of which this broker holds partitions, by name and by id. A name may pass to a topic of another id. */
export class HostedTopics {
  readonly #byName = new Map<string, HostedTopic>();
  readonly #byId = new Map<string, HostedTopic>();

  named(name: string): HostedTopic | undefined {
    return this.#byName.get(name);
  }

  withId(topicId: string): HostedTopic | undefined {
    return this.#byId.get(topicId);
  }

  /** In the order in which they came. */
  all(): Iterable<HostedTopic> {
    return this.#byName.values();
  }

  /** The topic of this partition, begun with `settings` if it is not there yet. */
  of(wanted: PartitionImage, settings: () => TopicSettings): HostedTopic {
    let topic = this.#byId.get(wanted.topicId);
    if (topic === undefined) {
      topic = { id: wanted.topicId, name: wanted.topic, partitions: new Map(), settings: settings() };
      this.#byId.set(topic.id, topic);
      this.#byName.set(topic.name, topic);
    }
    return topic;
  }

  /** False when its topic is not here. A topic goes with its last partition. */
  remove(partition: Partition): boolean {
    const topic = this.#byId.get(partition.topicId);
    if (topic === undefined) return false;
    topic.partitions.delete(partition.partition);
    if (topic.partitions.size === 0) {
      this.#byId.delete(topic.id);
      if (this.#byName.get(topic.name) === topic) this.#byName.delete(topic.name);
    }
    return true;
  }
}
