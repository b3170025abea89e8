import {
  type Draft,
  type ElementOf,
  ErrorCode,
  type FetchRequest,
  type FetchResponseDraft,
  fetch,
} from '../../protocol/index.ts';
import {
  DelayedOperation,
  type Partition,
  type PartitionRead,
  type ReadIsolation,
  readPartition,
  type WaitingList,
} from '../../replication/index.ts';
import { currentLeader, isWrongLeader, leaderEndpoints } from '../current-leader.ts';
import { emptyRead, stillEmpty } from '../empty-read.ts';
import type { FetchPartition, FetchScope, FetchSession, FetchSessions } from '../fetch-sessions.ts';
import type { DeferredContext, DeferredHandler } from '../handler.ts';
import { preferredReplica, selectsByRack } from '../preferred-replica.ts';
import type { BrokerServices } from '../services.ts';

type Services = Pick<BrokerServices, 'runtime' | 'replicas' | 'metadata' | 'config'>;
type Respond = (response: Draft<typeof fetch.response> | null) => void;

/**
 * Fetch: whole batches from each partition's log, up to the high watermark (consumers), the last stable offset
 * (read_committed) or the log's end (followers, whose fetch offset also tells the leader how far they are). Waits for
 * minBytes, at most maxWaitMs; an error is answered at once.
 *
 * v5 log start offset · v7 sessions (KIP-227) · v9 leader epochs (KIP-320) · v11 rack, follower reads (KIP-392) · v12
 * flexible, diverging epochs (KIP-595) · v13 topic ids · v15 replica state (KIP-903) · v16 node endpoints (KIP-951) ·
 * v17 directory ids · v18 the reader's high watermark (KIP-1166).
 */
export function fetchHandler(services: Services, sessions: FetchSessions): DeferredHandler<typeof fetch> {
  return {
    api: fetch,
    handleLater(request, context, respond) {
      const scope = sessions.scope(request, context.version);
      if (scope.kind === 'refused') {
        respond({ errorCode: scope.errorCode, sessionId: 0, responses: [] });
        return;
      }
      new FetchOperation(services, sessions, request, scope, context, respond).begin();
    },
  };
}

interface Reader {
  readonly wanted: FetchPartition;
  readonly partition: Partition | undefined;
  /** For a partition that this broker does not hold. */
  readonly errorCode: number;
}

/** A Fetch request under way. */
class FetchOperation extends DelayedOperation {
  readonly #services: Services;
  readonly #sessions: FetchSessions;
  readonly #request: FetchRequest;
  readonly #scope: Exclude<FetchScope, { kind: 'refused' }>;
  readonly #context: DeferredContext;
  readonly #respond: Respond;
  readonly #replicaId: number;
  readonly #isolation: ReadIsolation;
  readonly #leaderOnly: boolean;
  readonly #readers: readonly Reader[];
  #reads: PartitionRead[] = [];
  /** Whom to ask instead, by the position of the partition (KIP-392). */
  #preferred: ReadonlyMap<number, number> = NOBODY;
  /** Bytes of a look that nobody has acted on yet. */
  #freshBytes: number | null = null;
  /** The most that can be there by what is known: bytes at the last look, and what was appended since. */
  #seenBytes = 0;
  #seenAppended = -1;
  #seenRoles = 0;

  constructor(
    services: Services,
    sessions: FetchSessions,
    request: FetchRequest,
    scope: Exclude<FetchScope, { kind: 'refused' }>,
    context: DeferredContext,
    respond: Respond,
  ) {
    super();
    this.#services = services;
    this.#sessions = sessions;
    this.#request = request;
    this.#scope = scope;
    this.#context = context;
    this.#respond = respond;
    this.#replicaId = context.version >= 15 ? request.replicaState.replicaId : request.replicaId;
    this.#isolation = this.#replicaId >= 0 ? 'logEnd' : request.isolationLevel === 1 ? 'committed' : 'highWatermark';
    this.#leaderOnly = this.#replicaId >= 0 || context.version < RACK_VERSION;
    this.#readers = scope.partitions.map((wanted) => this.#reader(wanted));
  }

  begin(): void {
    const lists: WaitingList[] = [];
    for (const { partition } of this.#readers) if (partition !== undefined) lists.push(partition.fetches);
    if (this.#replicaId >= 0) this.#followerProgress();
    else this.#preferReplicas();
    this.start(this.#services.runtime.timers, this.#request.maxWaitMs, lists);
    if (!this.done) this.#context.whenClosed(() => this.abandon());
  }

  #reader(wanted: FetchPartition): Reader {
    const { held } = wanted;
    if (held !== undefined && held.state.kind !== 'stopped')
      return { wanted, partition: held, errorCode: ErrorCode.none };
    const { replicas, metadata } = this.#services;
    const byId = this.#context.version >= 13;
    const partition = byId
      ? replicas.partitionById(wanted.topicId, wanted.partition)
      : replicas.partition(wanted.topic, wanted.partition);
    if (partition !== undefined) {
      wanted.held = partition;
      return { wanted, partition, errorCode: ErrorCode.none };
    }
    const topic = byId ? metadata.image.topicsById.get(wanted.topicId) : metadata.image.topicsByName.get(wanted.topic);
    let errorCode: number = ErrorCode.notLeaderOrFollower;
    if (topic === undefined) errorCode = byId ? ErrorCode.unknownTopicId : ErrorCode.unknownTopicOrPartition;
    else if (topic.partitions[wanted.partition] === undefined) errorCode = ErrorCode.unknownTopicOrPartition;
    return { wanted, partition: undefined, errorCode };
  }

  /** A follower has what lies below its fetch offset; only offsets that this leader's log knows count. */
  #followerProgress(): void {
    const brokerEpoch = this.#context.version >= 15 ? this.#request.replicaState.replicaEpoch : -1;
    this.#freshBytes = this.#read();
    const nowNs = this.#services.runtime.clock.monotonicNs();
    for (let index = 0; index < this.#readers.length; index++) {
      const { partition, wanted } = this.#readers[index]!;
      const read = this.#reads[index]!;
      if (partition === undefined || read.kind !== 'read') continue;
      partition.followerFetched(this.#replicaId, wanted.fetchOffset, wanted.logStartOffset, brokerEpoch, nowNs);
      // This very fetch may have moved it, and the follower need not wait for the next to hear of it.
      const highWatermark = partition.log?.highWatermark ?? read.highWatermark;
      if (highWatermark !== read.highWatermark) this.#reads[index] = { ...read, highWatermark };
    }
  }

  #preferReplicas(): void {
    const { rackId } = this.#request;
    if (rackId === '' || this.#context.version < RACK_VERSION) return;
    const { config, metadata } = this.#services;
    if (!selectsByRack(config.textOrNull('replica.selector.class'))) return;
    const preferred = new Map<number, number>();
    for (let index = 0; index < this.#readers.length; index++) {
      const { partition, wanted } = this.#readers[index]!;
      if (partition === undefined) continue;
      const replicaId = preferredReplica(partition, metadata.image, rackId, wanted.fetchOffset);
      if (replicaId !== null) preferred.set(index, replicaId);
    }
    this.#preferred = preferred;
  }

  protected override tryComplete(): boolean {
    if (this.#context.closed) return true;
    if (this.#freshBytes === null && this.#seenAppended >= 0 && !this.#worthReading()) return false;
    const bytes = this.#freshBytes ?? this.#read();
    this.#freshBytes = null;
    const { minBytes, maxWaitMs } = this.#request;
    const waits =
      bytes < minBytes &&
      maxWaitMs > 0 &&
      this.#readers.length > 0 &&
      this.#preferred.size === 0 &&
      this.#reads.every((read) => mayWait(read));
    if (waits) return false;
    this.#answer();
    return true;
  }

  protected override expire(): void {
    if (this.#context.closed) return;
    this.#read();
    this.#answer();
  }

  #worthReading(): boolean {
    let appended = 0;
    let roles = 0;
    for (const { partition } of this.#readers) {
      if (partition === undefined) continue;
      appended += partition.appendedBytes;
      roles += partition.roleChanges;
    }
    if (roles !== this.#seenRoles) return true;
    return this.#seenBytes + appended - this.#seenAppended >= this.#request.minBytes;
  }

  /** Reads every partition within the bounds; returns the bytes found. */
  #read(): number {
    const request = this.#request;
    const { buffers } = this.#context;
    // What an earlier look read is read again.
    buffers?.takeBack();
    let room = Math.min(Math.max(request.maxBytes, 0), this.#services.config.number('fetch.max.bytes'));
    let total = 0;
    let appended = 0;
    let roles = 0;
    // Bytes that were appended but are not visible yet would be counted twice or never: then every look reads.
    let exact = request.minBytes > 1;
    const reads: PartitionRead[] = [];
    const allocate = buffers === null ? undefined : (bytes: number) => buffers.lend(bytes);
    for (const { wanted, partition, errorCode } of this.#readers) {
      if (partition === undefined) {
        reads.push({ kind: 'refused', errorCode });
        continue;
      }
      const kept = this.#replicaId >= 0 ? stillEmpty(partition, wanted.fetchOffset, wanted.empty) : null;
      if (kept !== null) {
        reads.push(kept);
        appended += partition.appendedBytes;
        roles += partition.roleChanges;
        continue;
      }
      const read = readPartition(partition, {
        fetchOffset: wanted.fetchOffset,
        maxBytes: Math.min(wanted.maxBytes, room),
        // The first batch is given however large it is, or a reader could never get past it (KIP-74).
        minOneMessage: total === 0,
        isolation: this.#isolation,
        currentLeaderEpoch: wanted.currentLeaderEpoch,
        lastFetchedEpoch: wanted.lastFetchedEpoch,
        leaderOnly: this.#leaderOnly,
        replicaId: this.#replicaId,
        allocate,
      });
      reads.push(read);
      wanted.empty = this.#replicaId >= 0 ? emptyRead(partition, read) : undefined;
      appended += partition.appendedBytes;
      roles += partition.roleChanges;
      if (read.kind !== 'read') continue;
      total += read.bytes.length;
      room = Math.max(room - read.bytes.length, 0);
      if (exact && this.#isolation !== 'logEnd') {
        const end = partition.log?.logEndOffset;
        if (end !== read.highWatermark || end !== read.lastStableOffset) exact = false;
      }
    }
    this.#reads = reads;
    this.#seenBytes = total;
    this.#seenAppended = exact ? appended : -1;
    this.#seenRoles = roles;
    return total;
  }

  #answer(): void {
    const { version } = this.#context;
    const { session } = this.#scope.kind === 'incremental' ? this.#scope : { session: null };
    const topics: MutableTopic[] = [];
    const leaders: number[] = [];
    for (let index = 0; index < this.#readers.length; index++) {
      const { wanted } = this.#readers[index]!;
      if (session !== null && isUnchanged(wanted, this.#reads[index]!) && !this.#preferred.has(index)) continue;
      let response = this.#partitionResponse(this.#readers[index]!, this.#reads[index]!, leaders);
      const preferredReadReplica = this.#preferred.get(index);
      if (preferredReadReplica !== undefined && response.errorCode === ErrorCode.none) {
        response = { ...response, records: NO_BYTES, preferredReadReplica };
      }
      if (session !== null && !isNews(wanted, response)) continue;
      this.#told(session, wanted, response);
      let topic = topics.at(-1);
      if (topic === undefined || topic.topic !== wanted.topic || topic.topicId !== wanted.topicId) {
        topic = { topic: wanted.topic, topicId: wanted.topicId, partitions: [] };
        topics.push(topic);
      }
      topic.partitions.push(response);
    }
    let sessionId = session?.id ?? 0;
    if (this.#scope.kind === 'full' && this.#scope.opens && version >= 7) {
      sessionId = this.#sessions.open(this.#scope.partitions, version >= 13, this.#replicaId >= 0);
    }
    const { metadata, config } = this.#services;
    this.#respond({
      errorCode: ErrorCode.none,
      sessionId,
      responses: topics,
      ...(leaders.length === 0
        ? undefined
        : { nodeEndpoints: leaderEndpoints(metadata.image, leaders, config.interBrokerListenerName) }),
    });
  }

  #partitionResponse({ wanted, partition }: Reader, read: PartitionRead, leaders: number[]): PartitionResponse {
    const partitionIndex = wanted.partition;
    switch (read.kind) {
      case 'read':
        return {
          partitionIndex,
          errorCode: ErrorCode.none,
          highWatermark: read.highWatermark,
          lastStableOffset: read.lastStableOffset,
          logStartOffset: read.logStartOffset,
          abortedTransactions: read.abortedTransactions,
          records: read.bytes,
        };
      case 'diverging':
        return {
          partitionIndex,
          errorCode: ErrorCode.none,
          highWatermark: read.highWatermark,
          lastStableOffset: read.lastStableOffset,
          logStartOffset: read.logStartOffset,
          divergingEpoch: { epoch: read.epoch, endOffset: read.endOffset },
          abortedTransactions: null,
          records: NO_BYTES,
        };
      case 'opening':
      case 'refused': {
        const errorCode = read.kind === 'opening' ? ErrorCode.notLeaderOrFollower : read.errorCode;
        const refused = {
          partitionIndex,
          errorCode,
          highWatermark: -1,
          lastStableOffset: -1,
          logStartOffset: -1,
          abortedTransactions: partition === undefined ? [] : null,
          records: NO_BYTES,
        };
        if (this.#context.version < 16 || !isWrongLeader(errorCode)) return refused;
        const { image } = this.#services.metadata;
        const topic = partition?.topic ?? image.topicsById.get(wanted.topicId)?.name;
        if (topic === undefined) return refused;
        const leader = currentLeader(image, topic, wanted.partition);
        leaders.push(leader.leaderId);
        return { ...refused, currentLeader: leader };
      }
    }
  }

  /** Remembers what the response says, so that the session's next one says only what is new. */
  #told(session: FetchSession | null, wanted: FetchPartition, response: PartitionResponse): void {
    const failed = response.errorCode !== ErrorCode.none;
    wanted.toldHighWatermark = failed ? -2 : response.highWatermark;
    wanted.toldLogStartOffset = failed ? -2 : response.logStartOffset;
    if (session !== null && response.records.length > 0) this.#sessions.served(session, wanted);
  }
}

/** From this version on a consumer says where it is, and may be sent to another replica. */
const RACK_VERSION = 11;
const NO_BYTES = new Uint8Array(0);
const NOBODY: ReadonlyMap<number, number> = new Map();

type TopicResponse = ElementOf<NonNullable<FetchResponseDraft['responses']>>;
type PartitionDraft = ElementOf<NonNullable<NonNullable<TopicResponse>['partitions']>>;
type PartitionResponse = PartitionDraft & {
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
  readonly records: Uint8Array;
};
interface MutableTopic {
  readonly topic: string;
  readonly topicId: string;
  readonly partitions: PartitionResponse[];
}

function mayWait(read: PartitionRead): boolean {
  return read.kind === 'read' || read.kind === 'opening';
}

/** The quick look: of many partitions in a session few have moved. */
function isUnchanged(wanted: FetchPartition, read: PartitionRead): boolean {
  return (
    read.kind === 'read' &&
    read.bytes.length === 0 &&
    read.highWatermark === wanted.toldHighWatermark &&
    read.logStartOffset === wanted.toldLogStartOffset
  );
}

function isNews(wanted: FetchPartition, response: PartitionResponse): boolean {
  return (
    response.records.length > 0 ||
    response.errorCode !== ErrorCode.none ||
    response.divergingEpoch !== undefined ||
    response.preferredReadReplica !== undefined ||
    response.highWatermark !== wanted.toldHighWatermark ||
    response.logStartOffset !== wanted.toldLogStartOffset
  );
}
