import { ErrorCode, type FetchRequestDraft } from '../../protocol/index.ts';
import type { ConsumerConfig } from './config.ts';
import type { FetchPlan, FetchTarget } from './fetch-session.ts';

/** The first Fetch version that names topics by id (KIP-516). */
export const FIRST_BY_TOPIC_ID = 13;
/** The first that knows sessions (KIP-227), and the first in which a broker looks for a cut log itself (KIP-595). */
const FIRST_WITH_SESSIONS = 7;
const FIRST_WITH_FETCHED_EPOCH = 12;
const READ_COMMITTED = 1;

export function fetchDraft(config: ConsumerConfig, version: number, plan: FetchPlan): FetchRequestDraft {
  const { values, readCommitted } = config;
  return {
    replicaId: -1,
    maxWaitMs: values['fetch.max.wait.ms'],
    minBytes: values['fetch.min.bytes'],
    maxBytes: values['fetch.max.bytes'],
    isolationLevel: readCommitted ? READ_COMMITTED : 0,
    sessionId: plan.sessionId,
    sessionEpoch: plan.sessionEpoch,
    // A field that is undefined takes its default: a version without it is not asked to carry it.
    topics: byTopic(plan.send, (target) => ({
      partition: target.partition,
      currentLeaderEpoch: target.currentLeaderEpoch,
      fetchOffset: target.fetchOffset,
      lastFetchedEpoch: version >= FIRST_WITH_FETCHED_EPOCH ? target.lastFetchedEpoch : undefined,
      partitionMaxBytes: target.partitionMaxBytes,
    })),
    forgottenTopicsData:
      version >= FIRST_WITH_SESSIONS ? byTopic(plan.forget, (target) => target.partition) : undefined,
    rackId: values['client.rack'],
  };
}

/** The broker has another idea of the session: it costs one full request. */
export function isSessionError(code: number): boolean {
  return (
    code === ErrorCode.fetchSessionIdNotFound ||
    code === ErrorCode.invalidFetchSessionEpoch ||
    code === ErrorCode.fetchSessionTopicIdError
  );
}

function byTopic<P>(
  targets: readonly FetchTarget[],
  item: (target: FetchTarget) => P,
): { topic: string; topicId: string; partitions: P[] }[] {
  if (targets.length === 0) return [];
  const topics = new Map<string, { topic: string; topicId: string; partitions: P[] }>();
  for (const target of targets) {
    const key = `${target.topicId} ${target.topic}`;
    const known = topics.get(key);
    if (known !== undefined) known.partitions.push(item(target));
    else topics.set(key, { topic: target.topic, topicId: target.topicId, partitions: [item(target)] });
  }
  return [...topics.values()];
}
