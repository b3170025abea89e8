import type { Cluster } from '../cluster.ts';

/** The topics that a consumer has subscribed to: those that it named, or all whose names match. */
export class Subscription {
  readonly #cluster: Cluster;
  readonly #wanted: readonly string[] | RegExp;

  /** Keeps the metadata of these topics current from now on. */
  constructor(cluster: Cluster, topics: readonly string[] | RegExp) {
    this.#cluster = cluster;
    if (topics instanceof RegExp) {
      // `test` of a global or sticky pattern would remember where it stopped.
      this.#wanted = new RegExp(topics.source, topics.flags.replace(/[gy]/g, ''));
      cluster.trackAll();
    } else {
      this.#wanted = topics;
      for (const topic of topics) cluster.track(topic);
    }
    cluster.refreshSoon();
  }

  /** As the metadata has them now. */
  topics(): readonly string[] {
    const wanted = this.#wanted;
    if (!(wanted instanceof RegExp)) return wanted;
    const names = [...this.#cluster.metadata.topics()].filter((topic) => !topic.internal).map((topic) => topic.name);
    return names.filter((name) => wanted.test(name)).sort();
  }
}
