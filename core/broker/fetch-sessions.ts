import { ErrorCode, type FetchRequest } from '../protocol/index.ts';
import type { Partition } from '../replication/index.ts';
import type { Clock, Random } from '../runtime.ts';
import type { EmptyRead } from './empty-read.ts';

/** What a reader wants of one partition, and what it was told last. */
export interface FetchPartition {
  /** '' from v13 on. */
  readonly topic: string;
  /** The zero uuid before v13. */
  readonly topicId: string;
  readonly partition: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  logStartOffset: number;
  /** Of the last response; -1 before the first, -2 after an error, so that the next one is told in any case. */
  toldHighWatermark: number;
  toldLogStartOffset: number;
  /** Its name among the partitions of its session, once it was asked for; '' before. */
  key: string;
  /** Found by an earlier request of the session: as good until it is stopped. */
  held?: Partition | undefined;
  /** A follower's last look, where it found nothing. */
  empty?: EmptyRead | undefined;
}

/** What a Fetch request is about, once its session was looked up. */
export type FetchScope =
  /** All partitions stand in the request. `opens`: the client asks for a session. */
  | { readonly kind: 'full'; readonly partitions: readonly FetchPartition[]; readonly opens: boolean }
  /** The session's partitions, changed by the request; the response names only what is new. */
  | { readonly kind: 'incremental'; readonly session: FetchSession; readonly partitions: readonly FetchPartition[] }
  | { readonly kind: 'refused'; readonly errorCode: number };

export interface FetchSession {
  readonly id: number;
  readonly usesTopicIds: boolean;
  /** A follower's: never given up for a consumer's. */
  readonly privileged: boolean;
  /** The epoch that the next request must carry. */
  epoch: number;
  /** In the order in which they are read: who got records goes to the end, so that nobody starves. */
  readonly partitions: Map<string, FetchPartition>;
  lastUsedNs: number;
}

export interface FetchSessionOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** max.incremental.fetch.session.cache.slots */
  readonly sessionsMax: number;
  /** min.incremental.fetch.session.eviction.ms */
  readonly evictionMsMin: number;
  /** Bound on the partitions of all sessions together. Not a Kafka setting. */
  readonly partitionsMax?: number;
}

const NO_SESSION_EPOCH = -1;
const INITIAL_EPOCH = 0;
const EPOCH_MAX = 0x7fffffff;
const PARTITIONS_MAX = 1_000_000;
const FEW_PARTITIONS = 8;

/**
 * Incremental fetch sessions (KIP-227): a client names its partitions once and from then on only what changes. The
 * cache is bounded in sessions and partitions; a client that gets no session goes on with full requests.
 */
export class FetchSessions {
  readonly #options: FetchSessionOptions;
  /** The longest unused first. */
  readonly #sessions = new Map<number, FetchSession>();
  #partitionCount = 0;

  constructor(options: FetchSessionOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }
  get partitionCount(): number {
    return this.#partitionCount;
  }

  /** Finds out what the request is about. A session is opened later, by `open`, when the response is made. */
  scope(request: FetchRequest, version: number): FetchScope {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === NO_SESSION_EPOCH) {
      // A session that the client starts over or ends.
      if (sessionId !== 0) this.#remove(sessionId);
      return { kind: 'full', partitions: requested(request), opens: sessionEpoch === INITIAL_EPOCH };
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return { kind: 'refused', errorCode: ErrorCode.fetchSessionIdNotFound };
    if (session.epoch !== sessionEpoch) return { kind: 'refused', errorCode: ErrorCode.invalidFetchSessionEpoch };
    if (session.usesTopicIds !== version >= 13) {
      return { kind: 'refused', errorCode: ErrorCode.fetchSessionTopicIdError };
    }
    this.#update(session, request);
    if (session.partitions.size === 0) {
      this.#remove(sessionId);
      return { kind: 'full', partitions: [], opens: false };
    }
    this.#touch(session);
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1;
    return { kind: 'incremental', session, partitions: [...session.partitions.values()] };
  }

  /** Opens a session on these partitions; 0 when there is no room for it. */
  open(partitions: readonly FetchPartition[], usesTopicIds: boolean, privileged: boolean): number {
    if (!this.#makeRoom(partitions.length, privileged)) return 0;
    let id = 0;
    // Nobody shall guess another client's session.
    while (id === 0 || this.#sessions.has(id)) id = this.#options.random.below(EPOCH_MAX);
    const byKey = new Map(partitions.map((each) => [keyOf(each), each]));
    const lastUsedNs = this.#options.clock.monotonicNs();
    this.#sessions.set(id, { id, usesTopicIds, privileged, epoch: 1, partitions: byKey, lastUsedNs });
    this.#partitionCount += byKey.size;
    return id;
  }

  /** After a response: this partition had records and is read last the next time. */
  served(session: FetchSession, partition: FetchPartition): void {
    const key = keyOf(partition);
    if (session.partitions.get(key) !== partition) return;
    session.partitions.delete(key);
    session.partitions.set(key, partition);
  }

  #update(session: FetchSession, request: FetchRequest): void {
    const before = session.partitions.size;
    for (const wanted of requested(request)) {
      const known = find(session, wanted);
      if (known === undefined) {
        session.partitions.set(keyOf(wanted), wanted);
      } else {
        known.fetchOffset = wanted.fetchOffset;
        known.maxBytes = wanted.maxBytes;
        known.currentLeaderEpoch = wanted.currentLeaderEpoch;
        known.lastFetchedEpoch = wanted.lastFetchedEpoch;
        known.logStartOffset = wanted.logStartOffset;
        known.empty = undefined;
      }
    }
    for (const topic of request.forgottenTopicsData) {
      for (const partition of topic.partitions) {
        session.partitions.delete(keyOfParts(topic.topic, topic.topicId, partition));
      }
    }
    this.#partitionCount += session.partitions.size - before;
    // A session must not outgrow the cache by being added to: it makes room like a new one, or goes.
    if (this.#partitionCount > this.#partitionsMax && !this.#makeRoom(0, session.privileged, session)) {
      this.#remove(session.id);
    }
  }

  get #partitionsMax(): number {
    return this.#options.partitionsMax ?? PARTITIONS_MAX;
  }

  /** Gives up sessions that were unused for long, and for a follower the longest unused consumer's. */
  #makeRoom(partitions: number, privileged: boolean, except?: FetchSession): boolean {
    const { sessionsMax, evictionMsMin, clock } = this.#options;
    if (partitions > this.#partitionsMax) return false;
    const idleBeforeNs = clock.monotonicNs() - evictionMsMin * 1e6;
    const newcomers = except === undefined ? 1 : 0;
    for (const session of this.#sessions.values()) {
      if (this.#fits(partitions, newcomers, sessionsMax)) return true;
      if (session === except) continue;
      if (session.lastUsedNs < idleBeforeNs || (privileged && !session.privileged)) this.#remove(session.id);
      else if (!privileged) break;
    }
    return this.#fits(partitions, newcomers, sessionsMax);
  }

  #fits(partitions: number, newcomers: number, sessionsMax: number): boolean {
    return this.#sessions.size + newcomers <= sessionsMax && this.#partitionCount + partitions <= this.#partitionsMax;
  }

  #touch(session: FetchSession): void {
    session.lastUsedNs = this.#options.clock.monotonicNs();
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #remove(id: number): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#partitionCount -= session.partitions.size;
  }
}

function requested(request: FetchRequest): FetchPartition[] {
  const partitions: FetchPartition[] = [];
  for (const topic of request.topics) {
    for (const each of topic.partitions) {
      partitions.push({
        topic: topic.topic,
        topicId: topic.topicId,
        partition: each.partition,
        fetchOffset: each.fetchOffset,
        maxBytes: each.partitionMaxBytes,
        currentLeaderEpoch: each.currentLeaderEpoch,
        lastFetchedEpoch: each.lastFetchedEpoch,
        logStartOffset: each.logStartOffset,
        toldHighWatermark: -1,
        toldLogStartOffset: -1,
        key: '',
      });
    }
  }
  return partitions;
}

/** Among few, comparing costs less than the making of a key. */
function find({ partitions }: FetchSession, wanted: FetchPartition): FetchPartition | undefined {
  if (partitions.size > FEW_PARTITIONS) return partitions.get(keyOf(wanted));
  const { topic, topicId, partition } = wanted;
  for (const each of partitions.values()) {
    if (each.partition === partition && each.topicId === topicId && each.topic === topic) return each;
  }
  return undefined;
}

function keyOf(wanted: FetchPartition): string {
  if (wanted.key === '') wanted.key = keyOfParts(wanted.topic, wanted.topicId, wanted.partition);
  return wanted.key;
}

function keyOfParts(topic: string, topicId: string, partition: number): string {
  return `${topic}/${topicId}/${partition}`;
}
