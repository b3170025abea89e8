import { readFully } from '../log/batch-scan.ts';
import {
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochResponseDraft,
  type ElementOf,
  type EndQuorumEpochRequest,
  type EndQuorumEpochResponseDraft,
  ErrorCode,
  type FetchRequest,
  type FetchResponseDraft,
  type FetchSnapshotRequest,
  type FetchSnapshotResponseDraft,
  type VoteRequest,
  type VoteResponseDraft,
} from '../protocol/index.ts';
import type { QuorumCore } from './core.ts';
import type { QuorumEffect, ReplicaKey } from './election-types.ts';
import { METADATA_TOPIC, METADATA_TOPIC_ID } from './metadata-log.ts';
import type { PeerAddress } from './peers.ts';
import {
  epochAnswer,
  isMeantFor,
  nodeEndpoints,
  type PeerView,
  readVote,
  voteAnswer,
  votersDirectory,
} from './voter-messages.ts';
import { isSameVoter, type VoterEndpoint } from './voter-set.ts';

type PartitionDraft = ElementOf<ElementOf<FetchResponseDraft['responses']>['partitions']>;
type FetchPartition = ElementOf<ElementOf<FetchRequest['topics']>['partitions']>;
type SnapshotPartition = ElementOf<ElementOf<FetchSnapshotRequest['topics']>['partitions']>;

const FETCH_WAIT_MS_MAX = 5000;

interface WaitingFetch {
  readonly partition: FetchPartition;
  readonly answer: () => void;
}

/** A step of the election that needs its effects done before it is answered. */
export type Ask = <T>(
  step: () => { readonly result: T; readonly effects: readonly QuorumEffect[] },
) => Promise<T | null>;

/**
 * What this node answers to other members: Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch and FetchSnapshot of the
 * metadata partition. A leader holds a fetch that would bring nothing until there is something, at most so long.
 */
export class PeerService {
  readonly #core: QuorumCore;
  readonly #ask: Ask;
  #waiting: WaitingFetch[] = [];

  constructor(core: QuorumCore, ask: Ask) {
    this.#core = core;
    this.#ask = ask;
  }

  async vote(request: VoteRequest): Promise<VoteResponseDraft> {
    const wanted = readVote(request);
    if (this.#isForeign(request.clusterId)) return { errorCode: ErrorCode.inconsistentClusterId };
    if (wanted === null || wanted.epoch < 0) return { errorCode: ErrorCode.invalidRequest };
    const { election, self } = this.#core;
    if (!isMeantFor(self, request.voterId, votersDirectory(request)))
      return voteAnswer(this.#view(ErrorCode.invalidVoterKey), false);
    const isOld = (): boolean => wanted.epoch < election.role.epoch;
    const answered = await this.#ask(() => {
      const errorCode = isOld() ? ErrorCode.fencedLeaderEpoch : ErrorCode.none;
      const { granted, effects } = election.vote(wanted, this.#nowMs());
      return { result: voteAnswer(this.#view(errorCode), granted), effects };
    });
    return answered ?? { errorCode: ErrorCode.brokerNotAvailable };
  }

  async beginEpoch(request: BeginQuorumEpochRequest): Promise<BeginQuorumEpochResponseDraft> {
    const partition = request.topics.find((topic) => topic.topicName === METADATA_TOPIC)?.partitions[0];
    if (this.#isForeign(request.clusterId)) return { errorCode: ErrorCode.inconsistentClusterId };
    if (partition === undefined || partition.leaderEpoch < 0) return { errorCode: ErrorCode.invalidRequest };
    const { leaderEpoch: epoch, leaderId } = partition;
    const isMeant = isMeantFor(this.#core.self, request.voterId, partition.voterDirectoryId);
    if (!isMeant) return epochAnswer(this.#view(ErrorCode.invalidVoterKey));
    this.#learnAddress(leaderId, request.leaderEndpoints);
    return await this.#seen(epoch, () => ({ kind: 'epochSeen', epoch, leaderId }));
  }

  async endEpoch(request: EndQuorumEpochRequest): Promise<EndQuorumEpochResponseDraft> {
    const partition = request.topics.find((topic) => topic.topicName === METADATA_TOPIC)?.partitions[0];
    if (this.#isForeign(request.clusterId)) return { errorCode: ErrorCode.inconsistentClusterId };
    if (partition === undefined || partition.leaderEpoch < 0) return { errorCode: ErrorCode.invalidRequest };
    const { leaderEpoch: epoch, leaderId } = partition;
    const preferred =
      partition.preferredCandidates.length > 0
        ? partition.preferredCandidates.map((candidate) => candidate.candidateId)
        : partition.preferredSuccessors;
    return await this.#seen(epoch, () => ({ kind: 'endEpochReceived', epoch, leaderId, preferred }));
  }

  async fetch(request: FetchRequest): Promise<FetchResponseDraft> {
    if (this.#isForeign(request.clusterId)) return { errorCode: ErrorCode.inconsistentClusterId };
    const topic = request.topics[0];
    const named = topic !== undefined && (topic.topicId === METADATA_TOPIC_ID || topic.topic === METADATA_TOPIC);
    const partition = topic?.partitions[0];
    if (!named || partition === undefined || partition.partition !== 0) {
      return { errorCode: ErrorCode.invalidRequest };
    }
    const replicaId = request.replicaState.replicaId >= 0 ? request.replicaState.replicaId : request.replicaId;
    const refusal = this.#refusal(partition.currentLeaderEpoch);
    const maxBytes = Math.min(request.maxBytes, partition.partitionMaxBytes);
    let data = refusal ?? this.#read(partition, maxBytes, replicaId);
    if (refusal === null && data.errorCode === ErrorCode.none && data.divergingEpoch === undefined) {
      if (replicaId >= 0 && data.snapshotId === undefined) {
        const replica = { id: replicaId, directoryId: partition.replicaDirectoryId };
        await new Promise<void>((resolve) => {
          this.#core.post({ kind: 'replicaFetched', replica, fetchOffset: partition.fetchOffset }, resolve);
        });
        data = this.#refusal(partition.currentLeaderEpoch) ?? this.#read(partition, maxBytes, replicaId);
      }
      if (this.#isEmpty(data, partition) && request.maxWaitMs > 0) {
        await this.#hold(partition, Math.min(request.maxWaitMs, FETCH_WAIT_MS_MAX));
        data = this.#refusal(partition.currentLeaderEpoch) ?? this.#read(partition, maxBytes, replicaId);
      }
    }
    const replica = { id: replicaId, directoryId: partition.replicaDirectoryId };
    return {
      errorCode: ErrorCode.none,
      responses: [{ topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partitions: [data] }],
      ...nodeEndpoints(this.#knowsLeader(replica, data.errorCode ?? 0) ? null : this.#leaderAddress()),
    };
  }

  async fetchSnapshot(request: FetchSnapshotRequest): Promise<FetchSnapshotResponseDraft> {
    if (this.#isForeign(request.clusterId)) return { errorCode: ErrorCode.inconsistentClusterId };
    const topic = request.topics.find((one) => one.name === METADATA_TOPIC);
    const partition = topic?.partitions[0];
    if (partition === undefined || partition.partition !== 0) return { errorCode: ErrorCode.invalidRequest };
    const data = this.#snapshotChunk(partition, request.maxBytes);
    return { errorCode: ErrorCode.none, topics: [{ name: METADATA_TOPIC, partitions: [data] }] };
  }

  /** There is more to read, a higher watermark to tell, or no leadership any more. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.answer();
  }

  #seen(epoch: number, event: () => Parameters<QuorumCore['post']>[0]): Promise<BeginQuorumEpochResponseDraft> {
    if (epoch < this.#core.election.role.epoch) {
      return Promise.resolve(epochAnswer(this.#view(ErrorCode.fencedLeaderEpoch)));
    }
    return new Promise((resolve) => {
      this.#core.post(event(), () => resolve(epochAnswer(this.#view(ErrorCode.none))));
    });
  }

  #refusal(leaderEpoch: number): PartitionDraft | null {
    const { election } = this.#core;
    const { role } = election;
    const refuse = (errorCode: number): PartitionDraft => ({
      partitionIndex: 0,
      errorCode,
      highWatermark: -1,
      currentLeader: { leaderId: election.leader.id, leaderEpoch: role.epoch },
      records: null,
    });
    if (leaderEpoch >= 0 && leaderEpoch < role.epoch) return refuse(ErrorCode.fencedLeaderEpoch);
    if (leaderEpoch > role.epoch) return refuse(ErrorCode.unknownLeaderEpoch);
    return role.kind === 'leader' && this.#core.isOpen ? null : refuse(ErrorCode.notLeaderOrFollower);
  }

  #read(partition: FetchPartition, maxBytes: number, replicaId: number): PartitionDraft {
    const { log, election } = this.#core;
    const highWatermark = election.highWatermark ?? -1;
    const base: PartitionDraft = {
      partitionIndex: 0,
      errorCode: ErrorCode.none,
      highWatermark,
      logStartOffset: log.startOffset,
      currentLeader: { leaderId: election.leader.id, leaderEpoch: election.role.epoch },
      records: null,
    };
    const { fetchOffset, lastFetchedEpoch } = partition;
    if (replicaId >= 0) {
      const snapshot = log.latestSnapshot;
      const oldest = log.snapshots[0];
      const before =
        fetchOffset < log.startOffset ||
        (oldest !== undefined &&
          ((fetchOffset === log.startOffset && fetchOffset !== 0 && lastFetchedEpoch !== oldest.epoch) ||
            (lastFetchedEpoch < oldest.epoch && fetchOffset < oldest.endOffset && log.startOffset > 0)));
      if (before) {
        // Nothing to give: the log's beginning is gone and no snapshot stands for it.
        return snapshot === null
          ? { ...base, errorCode: ErrorCode.offsetOutOfRange }
          : { ...base, snapshotId: snapshot };
      }
      if (fetchOffset > 0) {
        const mine = log.endOffsetForEpoch(lastFetchedEpoch);
        // It went on in an epoch of which nothing is left here: what it has of it was never committed.
        if (mine.epoch < 0 && log.startOffset > 0 && snapshot !== null) return { ...base, snapshotId: snapshot };
        if (mine.epoch !== lastFetchedEpoch || mine.endOffset < fetchOffset) {
          return {
            ...base,
            divergingEpoch: { epoch: Math.max(mine.epoch, 0), endOffset: Math.max(mine.endOffset, 0) },
          };
        }
      }
    }
    const upTo = replicaId >= 0 ? log.endOffset : Math.max(0, highWatermark);
    if (fetchOffset > log.endOffset) return { ...base, errorCode: ErrorCode.offsetOutOfRange };
    const records = fetchOffset < upTo ? log.read(fetchOffset, upTo, maxBytes) : new Uint8Array(0);
    return records === null ? { ...base, errorCode: ErrorCode.offsetOutOfRange } : { ...base, records };
  }

  #isEmpty(data: PartitionDraft, partition: FetchPartition): boolean {
    if (data.errorCode !== ErrorCode.none || data.snapshotId !== undefined || data.divergingEpoch !== undefined)
      return false;
    const watermarkIsNews = (data.highWatermark ?? -1) > partition.highWatermark;
    return (data.records?.length ?? 0) === 0 && !watermarkIsNews;
  }

  #hold(partition: FetchPartition, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#core.runtime.timers.after(timeoutMs, () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve();
      });
      const waiting: WaitingFetch = {
        partition,
        answer: () => {
          timer.cancel();
          resolve();
        },
      };
      this.#waiting.push(waiting);
    });
  }

  #snapshotChunk(
    partition: SnapshotPartition,
    maxBytes: number,
  ): ElementOf<ElementOf<FetchSnapshotResponseDraft['topics']>['partitions']> {
    const { log, election, runtime } = this.#core;
    const currentLeader = { leaderId: election.leader.id, leaderEpoch: election.role.epoch };
    const { snapshotId, position } = partition;
    const base = { index: 0, snapshotId, currentLeader, position };
    const refusal = this.#refusal(partition.currentLeaderEpoch);
    if (refusal !== null) return { ...base, errorCode: refusal.errorCode };
    const known = log.snapshots.find((one) => one.endOffset === snapshotId.endOffset && one.epoch === snapshotId.epoch);
    if (known === undefined) return { ...base, errorCode: ErrorCode.snapshotNotFound };
    const file = runtime.disk.open(log.snapshotPath(known), { readOnly: true });
    try {
      const size = file.size;
      if (position < 0 || position >= size) return { ...base, errorCode: ErrorCode.positionOutOfRange };
      const chunk = new Uint8Array(Math.min(Math.max(1, maxBytes), size - position));
      const filled = readFully(file, position, chunk);
      return { ...base, errorCode: ErrorCode.none, size, unalignedRecords: chunk.subarray(0, filled) };
    } finally {
      file.close();
    }
  }

  #isForeign(clusterId: string | null): boolean {
    return clusterId !== null && clusterId !== this.#core.clusterId;
  }

  /** A voter of the configuration knows where the others are, and whoever reads from the leader where that is. */
  #knowsLeader(replica: ReplicaKey, errorCode: number): boolean {
    const { history } = this.#core;
    if (history.kraftVersion >= 1) return false;
    return errorCode === ErrorCode.none || this.#core.voters().some((voter) => isSameVoter(voter, replica));
  }

  #view(errorCode: number): PeerView {
    const { history, election } = this.#core;
    const { id, epoch } = election.leader;
    return { errorCode, epoch, leaderId: id, leaderAddress: history.kraftVersion >= 1 ? this.#leaderAddress() : null };
  }

  #leaderAddress(): PeerAddress | null {
    const { election, members } = this.#core;
    return members.whereIs(election.leader.id);
  }

  #learnAddress(leaderId: number, endpoints: readonly VoterEndpoint[]): void {
    const endpoint = endpoints.find(({ name }) => name === this.#core.listenerName);
    if (endpoint !== undefined) {
      this.#core.members.leaderAddressLearned({ id: leaderId, host: endpoint.host, port: endpoint.port });
    }
  }

  #nowMs(): number {
    return this.#core.runtime.clock.monotonicNs() / 1e6;
  }
}
