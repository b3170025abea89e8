import type { MetadataCache } from '../../metadata.ts';

/** What a member joined its group with, and whether that still holds. */
export class JoinedSubscription {
  readonly topics: readonly string[];
  /** The partition counts on which this member, as the leader, based the assignment; null for another's. */
  basis: ReadonlyMap<string, number> | null = null;

  constructor(topics: readonly string[]) {
    this.topics = topics;
  }

  /**
   * Why to join again, null for no reason. Topics that appeared, vanished or grew: the leader knows best, and a new
   * subscription is everybody's own business.
   */
  outdated(topics: readonly string[], metadata: MetadataCache): string | null {
    if (topics.length !== this.topics.length || topics.some((topic) => !this.topics.includes(topic))) {
      return 'the subscription changed';
    }
    if (this.basis === null) return null;
    for (const topic of this.topics) {
      const count = metadata.topic(topic)?.partitions.length ?? 0;
      if (count > 0 && count !== (this.basis.get(topic) ?? 0)) return `topic ${topic} has ${count} partitions now`;
    }
    return null;
  }
}
