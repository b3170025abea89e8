import { ErrorCode, errorInfo, type FetchResponse, fetch, ZERO_UUID } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { backoffMs } from '../backoff.ts';
import type { Channel } from '../channel.ts';
import { ChannelError } from '../channel-error.ts';
import { clientError, refusal } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { AssignedPartition } from './assigned-partition.ts';
import type { ConsumerConfig } from './config.ts';
import { FIRST_BY_TOPIC_ID, fetchDraft, isSessionError } from './fetch-request.ts';
import { FetchSession, type FetchTarget } from './fetch-session.ts';
import { endOfFetched, FetchedRecords } from './fetched-records.ts';

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number];

/** What was asked for one partition, and at which of its versions. */
interface Asked {
  readonly assigned: AssignedPartition;
  readonly version: number;
  readonly fetchOffset: number;
  readonly fromReplica: boolean;
}

/** Among few, comparing costs less than the making of a name. */
const FEW_PARTITIONS = 8;

interface NodeState {
  readonly id: number;
  readonly session: FetchSession;
  byTopicId: boolean;
  isBusy: boolean;
  backoffUntilNs: number;
  failures: number;
}

export interface FetcherEvents {
  /** Something came that a waiting poll wants to see. */
  arrived(): void;
  /** The offset does not exist there (any more). */
  outOfRange(assigned: AssignedPartition): void;
  /** The leader's log ends epoch `epoch` at `endOffset`: what lies behind our position was cut (KIP-320). */
  diverged(assigned: AssignedPartition, epoch: number, endOffset: number): void;
}

/**
 * Fetches ahead of the application: one request in flight per broker, and per partition at most
 * max.partition.fetch.bytes in hand before it is asked for more.
 */
export class Fetcher {
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #config: ConsumerConfig;
  readonly #events: FetcherEvents;
  readonly #nodes = new Map<number, NodeState>();

  constructor(runtime: Runtime, cluster: Cluster, config: ConsumerConfig, events: FetcherEvents) {
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#events = events;
  }

  /** Sends what may be sent. Returns when something held back by time alone may be sent; Infinity for never. */
  fetch(partitions: Iterable<AssignedPartition>): number {
    const nowNs = this.#runtime.clock.monotonicNs();
    const byNode = new Map<number, AssignedPartition[]>();
    let againNs = Number.POSITIVE_INFINITY;
    let bufferedBytes = 0;
    let needsMetadata = false;
    for (const assigned of partitions) {
      bufferedBytes += assigned.bufferedBytes;
      if (!this.#wants(assigned)) continue;
      if (assigned.backoffUntilNs > nowNs) {
        againNs = Math.min(againNs, assigned.backoffUntilNs);
        continue;
      }
      const nodeId = this.#nodeFor(assigned, nowNs);
      if (nodeId < 0) {
        needsMetadata = true;
        continue;
      }
      const known = byNode.get(nodeId);
      if (known === undefined) byNode.set(nodeId, [assigned]);
      else known.push(assigned);
    }
    if (needsMetadata) this.#cluster.refreshSoon();
    if (bufferedBytes > this.#config.values['fetch.max.bytes']) return againNs;
    for (const [nodeId, wanted] of byNode) {
      const node = this.#node(nodeId);
      if (node.isBusy) continue;
      if (node.backoffUntilNs > nowNs) againNs = Math.min(againNs, node.backoffUntilNs);
      else this.#start(node, wanted);
    }
    return againNs;
  }

  #wants(assigned: AssignedPartition): boolean {
    return (
      assigned.state.kind === 'fetching' &&
      !assigned.isPaused &&
      !assigned.isFetchInFlight &&
      assigned.error === null &&
      (assigned.buffered.length === 0 || assigned.bufferedBytes < this.#config.values['max.partition.fetch.bytes'])
    );
  }

  /** -1 when nobody is known to have the partition. */
  #nodeFor(assigned: AssignedPartition, nowNs: number): number {
    const { metadata } = this.#cluster;
    if (assigned.preferredReplica >= 0) {
      const isUsable = nowNs < assigned.preferredUntilNs && metadata.node(assigned.preferredReplica) !== undefined;
      if (isUsable) return assigned.preferredReplica;
      assigned.preferredReplica = -1;
    }
    const leaderId = metadata.partition(assigned.topic, assigned.partition)?.leaderId ?? -1;
    return leaderId >= 0 && metadata.node(leaderId) !== undefined ? leaderId : -1;
  }

  #start(node: NodeState, wanted: readonly AssignedPartition[]): void {
    node.isBusy = true;
    const link = this.#cluster.link(node.id, 'fetch');
    if (link.channel !== null) {
      this.#send(node, link.channel, wanted);
      return;
    }
    void link.open().then(
      () => {
        node.isBusy = false;
        this.#events.arrived();
      },
      (error) => this.#failed(node, [], error),
    );
  }

  #send(node: NodeState, channel: Channel, wanted: readonly AssignedPartition[]): void {
    const { metadata } = this.#cluster;
    const byId = wanted.every((one) => (metadata.topic(one.topic)?.id ?? ZERO_UUID) !== ZERO_UUID);
    const version = channel.version(fetch, byId ? undefined : FIRST_BY_TOPIC_ID - 1);
    if (version === null) {
      this.#failed(node, [], new ChannelError('unsupportedVersion', 'the broker has no common version of Fetch'));
      for (const assigned of wanted) assigned.error = refusal(`fetch ${assigned.name}`, ErrorCode.unsupportedVersion);
      return;
    }
    const byTopicId = version >= FIRST_BY_TOPIC_ID;
    if (byTopicId !== node.byTopicId) node.session.lost(ErrorCode.none);
    node.byTopicId = byTopicId;
    const asked: Asked[] = [];
    const targets = wanted.map((assigned) => {
      assigned.isFetchInFlight = true;
      asked.push({
        assigned,
        version: assigned.version,
        fetchOffset: assigned.fetchOffset,
        fromReplica: assigned.preferredReplica === node.id,
      });
      return this.#target(assigned, byTopicId);
    });
    const { values } = this.#config;
    const draft = fetchDraft(this.#config, version, node.session.plan(targets));
    const timeoutMs = values['request.timeout.ms'] + values['fetch.max.wait.ms'];
    void channel.request(fetch, version, draft, timeoutMs).then(
      (response) => this.#answered(node, asked, response),
      (error) => this.#failed(node, asked, error),
    );
  }

  #target(assigned: AssignedPartition, byTopicId: boolean): FetchTarget {
    const { metadata } = this.#cluster;
    return {
      topic: assigned.topic,
      topicId: byTopicId ? metadata.topic(assigned.topic)!.id : ZERO_UUID,
      partition: assigned.partition,
      currentLeaderEpoch: metadata.partition(assigned.topic, assigned.partition)?.leaderEpoch ?? -1,
      fetchOffset: assigned.fetchOffset,
      lastFetchedEpoch: assigned.fetchEpoch,
      partitionMaxBytes: this.#config.values['max.partition.fetch.bytes'],
    };
  }

  #failed(node: NodeState, asked: readonly Asked[], error: unknown): void {
    this.#runtime.log.debug('fetch failed', { node: node.id, reason: clientError(error).message });
    node.isBusy = false;
    node.session.lost(ErrorCode.none);
    this.#pauseNode(node);
    for (const { assigned, fromReplica } of asked) {
      assigned.isFetchInFlight = false;
      if (fromReplica) assigned.preferredReplica = -1;
    }
    this.#cluster.leaderLost(node.id);
    this.#events.arrived();
  }

  #pauseNode(node: NodeState): void {
    const { values } = this.#config;
    const { random, clock } = this.#runtime;
    const delayMs = backoffMs(node.failures++, values['retry.backoff.ms'], values['retry.backoff.max.ms'], random);
    node.backoffUntilNs = clock.monotonicNs() + delayMs * 1e6;
  }

  #answered(node: NodeState, asked: readonly Asked[], response: FetchResponse): void {
    node.isBusy = false;
    for (const { assigned } of asked) assigned.isFetchInFlight = false;
    if (response.errorCode !== ErrorCode.none) {
      node.session.lost(response.errorCode);
      // A lost session costs one full request; anything else is worth a pause.
      if (!isSessionError(response.errorCode)) this.#pauseNode(node);
      this.#events.arrived();
      return;
    }
    node.failures = 0;
    node.session.answered(response.sessionId);
    const byName = asked.length > FEW_PARTITIONS ? new Map(asked.map((one) => [one.assigned.name, one])) : null;
    for (const topic of response.responses) {
      const name = topic.topic !== '' ? topic.topic : this.#cluster.metadata.topicName(topic.topicId);
      for (const answer of topic.partitions) {
        const { partitionIndex } = answer;
        const one =
          byName === null
            ? asked.find(({ assigned }) => assigned.partition === partitionIndex && assigned.topic === name)
            : byName.get(`${name}-${partitionIndex}`);
        if (one !== undefined) this.#take(one, answer, response.nodeEndpoints);
      }
    }
    this.#events.arrived();
  }

  #take(asked: Asked, answer: PartitionAnswer, endpoints: FetchResponse['nodeEndpoints']): void {
    const { assigned } = asked;
    if (assigned.version !== asked.version || assigned.fetchOffset !== asked.fetchOffset) return;
    if (answer.errorCode !== ErrorCode.none) {
      this.#refused(asked, answer, endpoints);
      return;
    }
    assigned.failures = 0;
    assigned.highWatermark = answer.highWatermark;
    assigned.lastStableOffset = answer.lastStableOffset;
    assigned.logStartOffset = answer.logStartOffset;
    if (answer.preferredReadReplica >= 0) {
      assigned.preferredReplica = answer.preferredReadReplica;
      const ageNs = this.#config.values['metadata.max.age.ms'] * 1e6;
      assigned.preferredUntilNs = this.#runtime.clock.monotonicNs() + ageNs;
    }
    if (answer.divergingEpoch.endOffset >= 0) {
      this.#events.diverged(assigned, answer.divergingEpoch.epoch, answer.divergingEpoch.endOffset);
      return;
    }
    const { records } = answer;
    if (records === null || records.length === 0) return;
    const end = endOfFetched(records);
    if (end === null || end.nextOffset <= assigned.fetchOffset) {
      assigned.error = refusal(`fetch ${assigned.name} at ${assigned.fetchOffset}`, ErrorCode.corruptMessage);
      return;
    }
    const rules = { readCommitted: this.#config.readCommitted, checkCrcs: this.#config.values['check.crcs'] };
    const aborted = answer.abortedTransactions ?? [];
    const { codecs } = this.#runtime;
    assigned.buffered.push(
      new FetchedRecords(assigned.topic, assigned.partition, records.subarray(0, end.bytes), aborted, codecs, rules),
    );
    assigned.bufferedBytes += end.bytes;
    assigned.fetchOffset = end.nextOffset;
    assigned.fetchEpoch = end.leaderEpoch;
  }

  #refused(asked: Asked, answer: PartitionAnswer, endpoints: FetchResponse['nodeEndpoints']): void {
    const { assigned, fromReplica } = asked;
    const code = answer.errorCode;
    if (code === ErrorCode.offsetOutOfRange) {
      // A follower may be behind its leader: only the leader's word counts.
      if (fromReplica) assigned.preferredReplica = -1;
      else this.#events.outOfRange(assigned);
      return;
    }
    const info = errorInfo(code);
    if (!info.retriable && code !== ErrorCode.unknownServerError) {
      assigned.error = refusal(`fetch ${assigned.name}`, code);
      return;
    }
    if (fromReplica) assigned.preferredReplica = -1;
    const { topic, partition } = assigned;
    if (info.refreshMetadata) {
      if (this.#cluster.metadata.applyLeader(topic, partition, answer.currentLeader, endpoints)) return;
      this.#cluster.refreshSoon();
    }
    const { values } = this.#config;
    const { random, clock } = this.#runtime;
    const delayMs = backoffMs(assigned.failures++, values['retry.backoff.ms'], values['retry.backoff.max.ms'], random);
    assigned.backoffUntilNs = clock.monotonicNs() + delayMs * 1e6;
  }

  #node(id: number): NodeState {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = { id, session: new FetchSession(), byTopicId: true, isBusy: false, backoffUntilNs: 0, failures: 0 };
      this.#nodes.set(id, node);
    }
    return node;
  }
}
