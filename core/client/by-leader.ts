import { errorInfo } from '../protocol/index.ts';
import { backoffMs } from './backoff.ts';
import { ClientError, clientError, isRetriableFailure } from './client-error.ts';
import type { Cluster } from './cluster.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** What one leader said about one partition; `errorCode` 0 when `value` is there. */
export interface LeaderAnswer<V> {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly value: V | null;
}

/**
 * Asks the leaders of `wanted`, one request per leader, until each partition has a value or an error that no retry
 * cures, or until the time is over: then the last retriable error stands. Answers come in the order of `wanted`.
 * @throws ClientError 'timeout' when not one answer came for some partition.
 */
export async function askLeaders<Q extends TopicPartition, V>(
  cluster: Cluster,
  wanted: readonly Q[],
  timeoutMs: number,
  ask: (nodeId: number, queries: readonly Q[], timeoutMs: number) => Promise<LeaderAnswer<V>[]>,
): Promise<LeaderAnswer<V>[]> {
  const { clock, timers, random } = cluster.runtime;
  const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
  const answers = new Map<string, LeaderAnswer<V>>();
  let open: readonly Q[] = wanted;
  for (const { topic } of wanted) cluster.track(topic);
  for (let attempt = 0; ; attempt++) {
    const leftMs = (deadlineNs - clock.monotonicNs()) / 1e6;
    let lastFailure: string | null = null;
    if (leftMs > 0) {
      const { byNode, leaderless } = groupByLeader(cluster, open);
      if (leaderless.length > 0) await cluster.within(cluster.refresh(), leftMs);
      const rounds = [...byNode].map(async ([nodeId, queries]) => {
        try {
          for (const answer of await ask(nodeId, queries, leftMs)) answers.set(keyOf(answer), answer);
        } catch (error) {
          if (!isRetriableFailure(error)) throw clientError(error);
          lastFailure = clientError(error).message;
          cluster.refreshSoon();
        }
      });
      await Promise.all(rounds);
      open = wanted.filter((query) => isOpen(answers.get(keyOf(query))));
      if (open.length === 0) return wanted.map((query) => answers.get(keyOf(query))!);
      const refresh = open.some((query) => errorInfo(answers.get(keyOf(query))?.errorCode ?? 0).refreshMetadata);
      if (refresh) cluster.refreshSoon();
    }
    const { config } = cluster;
    const pauseMs = backoffMs(attempt, config['retry.backoff.ms'], config['retry.backoff.max.ms'], random);
    if (clock.monotonicNs() + pauseMs * 1e6 >= deadlineNs || cluster.closed) {
      const unanswered = open.find((query) => !answers.has(keyOf(query)));
      if (unanswered === undefined) return wanted.map((query) => answers.get(keyOf(query))!);
      const reason = lastFailure ?? 'it has no known leader';
      const name = `${unanswered.topic}-${unanswered.partition}`;
      throw new ClientError('timeout', `no answer about ${name} within ${timeoutMs} ms: ${reason}`);
    }
    await timers.sleep(pauseMs);
  }
}

export function groupByLeader<Q extends TopicPartition>(
  cluster: Cluster,
  queries: readonly Q[],
): { byNode: Map<number, Q[]>; leaderless: Q[] } {
  const byNode = new Map<number, Q[]>();
  const leaderless: Q[] = [];
  for (const query of queries) {
    const leaderId = cluster.metadata.partition(query.topic, query.partition)?.leaderId ?? -1;
    if (leaderId < 0 || cluster.metadata.node(leaderId) === undefined) {
      leaderless.push(query);
      continue;
    }
    const known = byNode.get(leaderId);
    if (known === undefined) byNode.set(leaderId, [query]);
    else known.push(query);
  }
  return { byNode, leaderless };
}

/** By topic, in order of first mention: how most requests want their partitions. */
export function groupByTopic<Q extends TopicPartition>(queries: readonly Q[]): Map<string, Q[]> {
  const byTopic = new Map<string, Q[]>();
  for (const query of queries) {
    const known = byTopic.get(query.topic);
    if (known === undefined) byTopic.set(query.topic, [query]);
    else known.push(query);
  }
  return byTopic;
}

function keyOf(item: TopicPartition): string {
  return `${item.topic} ${item.partition}`;
}

function isOpen<V>(answer: LeaderAnswer<V> | undefined): boolean {
  return answer === undefined || (answer.errorCode !== 0 && errorInfo(answer.errorCode).retriable);
}

/** The form that most requests name partitions in. */
export function partitionIndexes(
  partitions: readonly TopicPartition[],
): { readonly name: string; readonly partitionIndexes: number[] }[] {
  return [...groupByTopic(partitions)].map(([name, own]) => ({
    name,
    partitionIndexes: own.map(({ partition }) => partition),
  }));
}
