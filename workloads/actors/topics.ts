import { ErrorCode, errorInfo } from '../../core/protocol/errors.ts';
import { topicNames, type Workload } from '../workload.ts';
import type { AdminDriver } from './driver.ts';
import type { Environment } from './environment.ts';

/**
 * Whose topics a run writes into. `own`: the cluster is this run's alone. `shared`: somebody's cluster, where a topic that
 * exists already is refused and those that were made are deleted in the end. `existing`: the same, but empty topics
 * that somebody made for it are used, and stay.
 */
export type TopicsMode = 'own' | 'shared' | 'existing';

const TOPICS_MS = 30_000;
const ASK_MS = 5_000;
const BETWEEN_MS = 100;

/** A topic of the workload that somebody else made: this run neither writes into it nor deletes it. */
export class TopicExists extends Error {
  constructor(topic: string) {
    super(
      `topic ${topic} exists on the cluster already, and its records are not this run's: delete it, choose another name (--set topics[0].name=…), or use it as it is with --existing-topics if it is empty`,
    );
    this.name = 'TopicExists';
  }
}

/** A topic that cannot be had as the workload wants it, however often one asks. */
export class TopicRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TopicRefused';
  }
}

/** Sees to the workload's topics; resolves with the names of those that it made. Rejects with the broker's words. */
export async function provideTopics(environment: Environment, mode: TopicsMode): Promise<string[]> {
  const { workload, driver, runtime } = environment;
  const admin = driver.admin('conductor');
  const deadlineNs = runtime.clock.monotonicNs() + TOPICS_MS * 1e6;
  try {
    const used = mode === 'existing' ? await existingTopics(environment, admin) : new Set<string>();
    let waiting = workload.topics
      .flatMap((topic) =>
        topicNames(topic).map((name) => ({
          name,
          partitions: topic.partitions,
          replicationFactor: topic.replicationFactor,
          config: topic.config,
        })),
      )
      .filter(({ name }) => !used.has(name));
    const made = waiting.map(({ name }) => name);
    // A request that timed out may have been carried out: from then on a topic that exists is taken for ours.
    let firstAnswer = true;
    while (waiting.length > 0) {
      const answers = await admin.createTopics(waiting, ASK_MS);
      const existing = answers.find(({ errorCode }) => errorCode === ErrorCode.topicAlreadyExists);
      if (existing !== undefined && firstAnswer && mode !== 'own') throw new TopicExists(existing.topic);
      firstAnswer = false;
      const failed = answers.filter(
        ({ errorCode }) => errorCode !== ErrorCode.none && errorCode !== ErrorCode.topicAlreadyExists,
      );
      if (failed.length === 0) break;
      const hopeless = failed.find(({ errorCode }) => isPermanent(errorCode, mode));
      const isLate = runtime.clock.monotonicNs() >= deadlineNs;
      if (hopeless !== undefined || isLate) {
        const { topic, message, errorCode } = hopeless ?? failed[0]!;
        const hint = await hintFor(errorCode, topic, workload, admin);
        const words = message === '' ? errorInfo(errorCode).name : message;
        throw new TopicRefused(`topic ${topic} could not be created (error ${errorCode}): ${words}${hint}`);
      }
      waiting = waiting.filter(({ name }) => failed.some(({ topic }) => topic === name));
      await runtime.timers.sleep(BETWEEN_MS);
    }
    return made;
  } finally {
    await admin.close();
  }
}

/** Asking again changes nothing. Brokers of a cluster that has just been started may still be registering. */
function isPermanent(errorCode: number, mode: TopicsMode): boolean {
  if (errorCode < 0) return false;
  if (mode === 'own' && errorCode === ErrorCode.invalidReplicationFactor) return false;
  return !errorInfo(errorCode).retriable;
}

/** What would be right instead. */
async function hintFor(errorCode: number, name: string, workload: Workload, admin: AdminDriver): Promise<string> {
  const index = workload.topics.findIndex((topic) => topicNames(topic).includes(name));
  const path = `topics[${Math.max(0, index)}]`;
  switch (errorCode) {
    case ErrorCode.invalidReplicationFactor: {
      const brokers = await admin.brokerCount(ASK_MS);
      const wanted = workload.topics[Math.max(0, index)]!.replicationFactor;
      if (brokers === null || brokers >= wanted) return '';
      const noun = brokers === 1 ? 'broker' : 'brokers';
      return `; the cluster has ${brokers} ${noun}: --set ${path}.replicationFactor=${brokers}`;
    }
    case ErrorCode.invalidPartitions:
      return `; --set ${path}.partitions=…`;
    case ErrorCode.invalidTopicException:
      return `; --set ${path}.name=…`;
    case ErrorCode.invalidConfig:
      return `; look at ${path}.config in the file`;
    case ErrorCode.topicAuthorizationFailed:
    case ErrorCode.clusterAuthorizationFailed:
      return '; this principal may not create topics: let somebody create it and use it with --existing-topics';
    default:
      return '';
  }
}

/** Names of topics that are there: with as many partitions as the workload says, and without a record. */
async function existingTopics(environment: Environment, admin: AdminDriver): Promise<Set<string>> {
  const { workload } = environment;
  const wanted = workload.topics.flatMap((topic, index) => topicNames(topic).map((name) => ({ name, topic, index })));
  const counts = await admin.partitionCounts(
    wanted.map(({ name }) => name),
    ASK_MS,
  );
  const there = new Set<string>();
  for (const [at, { name, topic, index }] of wanted.entries()) {
    const count = counts[at] ?? null;
    if (count === null) continue;
    if (count !== topic.partitions) {
      throw new TopicRefused(
        `topic ${name} has ${count} partitions, the workload says ${topic.partitions}: --set topics[${index}].partitions=${count}`,
      );
    }
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic: name, partition }));
    const bounds = await admin.logBounds(partitions, 'read_uncommitted', ASK_MS);
    const full = bounds.findIndex((bound) => bound === null || bound.end > bound.start);
    if (full >= 0) {
      const bound = bounds[full]!;
      const held =
        bound === null ? 'does not answer' : `holds ${bound.end - bound.start} records that are not this run's`;
      throw new TopicRefused(
        `partition ${full} of topic ${name} ${held}: what was lost could not be told from what was there; empty it (kafka-delete-records), or choose another topic`,
      );
    }
    there.add(name);
  }
  return there;
}

/** Leaves somebody's cluster as it was found; a failure is told and does not spoil the results. */
export async function deleteTopics(environment: Environment, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const admin = environment.driver.admin('conductor');
  try {
    await admin.deleteTopics(names, TOPICS_MS);
  } catch (error) {
    environment.problem(`topics were left behind: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await admin.close();
  }
}
