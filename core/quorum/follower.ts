import { type ElementOf, ErrorCode, type FetchResponse, fetch, fetchSnapshot } from '../protocol/index.ts';
import type { QuorumCore } from './core.ts';
import { Gate } from './gate.ts';
import { controlEntries } from './metadata-batches.ts';
import { METADATA_TOPIC, METADATA_TOPIC_ID } from './metadata-log.ts';
import type { PeerAddress } from './peers.ts';
import { decodeSnapshot, type SnapshotId, writeSnapshotFile } from './snapshot.ts';
import { leaderAddressIn } from './voter-messages.ts';

type PartitionData = ElementOf<ElementOf<FetchResponse['responses']>['partitions']>;

/** How long a leader may hold a fetch that brings nothing new. */
const FETCH_WAIT_MS = 500;
/** Between two looks for a leader, and while this node itself stands for election. */
const IDLE_MS = 50;
/** A snapshot beyond this is refused: a leader that sends one is broken. */
const SNAPSHOT_BYTES_MAX = 1 << 30;

interface Source {
  readonly peer: PeerAddress;
  readonly epoch: number;
  /** Not the known leader: asked only to learn who leads. */
  readonly lookingForLeader: boolean;
}

/** Copies the leader's log (KIP-595) and, where that no longer reaches back, its snapshot (KIP-630). */
export class Follower {
  readonly #core: QuorumCore;
  readonly #gate: Gate;
  /** `controller.quorum.bootstrap.servers`: somebody there knows who leads. Their ids, which nobody has told, are below 0. */
  readonly #bootstrap: readonly PeerAddress[];
  #nextCandidate = 0;
  /** Changes of the role so far. */
  #roles = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(core: QuorumCore) {
    this.#core = core;
    this.#gate = new Gate(core.runtime.timers);
    this.#bootstrap = core.config.quorumBootstrapServers.map((server, index) => ({ id: -2 - index, ...server }));
  }

  start(): void {
    this.#running = this.#run().catch((error: unknown) => this.#core.failed(error));
  }

  /** The role changed: look again at whom to follow. */
  roleChanged(): void {
    this.#roles++;
    this.#gate.open();
  }

  async close(): Promise<void> {
    this.#gate.open();
    await this.#running;
  }

  async #run(): Promise<void> {
    const backoffMs = this.#core.config.number('controller.quorum.retry.backoff.ms');
    while (this.#core.isOpen) {
      const source = this.#source();
      if (source === null) {
        await this.#gate.wait(IDLE_MS);
        continue;
      }
      const roles = this.#roles;
      const useful = await this.#fetch(source);
      // A change of role that ended the fetch opens no gate a second time.
      if (useful || roles !== this.#roles || !this.#core.isOpen) continue;
      await this.#gate.wait(source.lookingForLeader ? IDLE_MS : backoffMs);
    }
  }

  #source(): Source | null {
    const { election, self } = this.#core;
    const { role } = election;
    if (role.kind === 'follower') {
      const peer = this.#core.addressOf(role.leaderId);
      return peer === null ? null : { peer, epoch: role.epoch, lookingForLeader: false };
    }
    if (role.kind !== 'unattached') return null;
    const voters = this.#core.voters().filter((voter) => voter.id !== self.id && voter.host !== '');
    // Who does not vote may have been away while all the voters it knew of were replaced.
    const others: readonly PeerAddress[] = election.isVoter ? voters : [...voters, ...this.#bootstrap];
    if (others.length === 0) return null;
    const peer = others[this.#nextCandidate++ % others.length]!;
    return { peer, epoch: role.epoch, lookingForLeader: true };
  }

  /** True when it may be asked again at once. */
  async #fetch(source: Source): Promise<boolean> {
    const { peers, clusterId, self, log, election, config } = this.#core;
    const partition = {
      partition: 0,
      currentLeaderEpoch: source.epoch,
      fetchOffset: log.endOffset,
      lastFetchedEpoch: log.lastEpoch,
      logStartOffset: log.startOffset,
      partitionMaxBytes: config.number('controller.quorum.fetch.max.bytes'),
      replicaDirectoryId: self.directoryId,
      highWatermark: election.highWatermark ?? -1,
    };
    // Not waited for longer than this leader is followed: it may be dead.
    const request = peers.request(
      source.peer,
      'fetch',
      fetch,
      {
        clusterId,
        replicaState: { replicaId: self.id },
        maxWaitMs: FETCH_WAIT_MS,
        minBytes: 0,
        maxBytes: config.number('controller.quorum.fetch.max.bytes'),
        topics: [{ topic: METADATA_TOPIC, topicId: METADATA_TOPIC_ID, partitions: [partition] }],
      },
      config.number('controller.quorum.request.timeout.ms'),
    );
    const response = await this.#gate.race(request);
    const data = response === null || response.errorCode !== 0 ? undefined : response.responses[0]?.partitions[0];
    if (data === undefined) {
      // The process that led has ended: nobody will answer any more, and there is nothing to wait for.
      if (response === null && this.#core.peers.refuses?.(source.peer) === true) {
        this.#core.post({ kind: 'leaderDenied', epoch: source.epoch, from: source.peer.id });
      }
      return false;
    }
    const { leaderId, leaderEpoch } = data.currentLeader;
    const address = leaderAddressIn(response?.nodeEndpoints ?? [], leaderId);
    if (address !== null) this.#core.members.leaderAddressLearned(address);
    if (leaderEpoch >= 0) this.#core.post({ kind: 'epochSeen', epoch: leaderEpoch, leaderId });
    if (data.errorCode === ErrorCode.notLeaderOrFollower && leaderEpoch === source.epoch && leaderId === -1) {
      this.#core.post({ kind: 'leaderDenied', epoch: source.epoch, from: source.peer.id });
    }
    if (data.errorCode !== ErrorCode.none || !this.#stillFollows(source)) return false;
    this.#core.post({ kind: 'fetchAnswered', epoch: source.epoch, leaderId: source.peer.id });
    return await this.#take(source, data, partition.fetchOffset);
  }

  #stillFollows(source: Source): boolean {
    const { role } = this.#core.election;
    return (
      this.#core.isOpen && role.kind === 'follower' && role.epoch === source.epoch && role.leaderId === source.peer.id
    );
  }

  async #take(source: Source, data: PartitionData, fetchOffset: number): Promise<boolean> {
    const { log } = this.#core;
    if (data.snapshotId.epoch >= 0) return await this.#fetchSnapshot(source, data.snapshotId);
    if (data.divergingEpoch.epoch >= 0) {
      const { epoch, endOffset } = data.divergingEpoch;
      await this.#core.exclusively(async () => {
        if (!this.#stillFollows(source)) return;
        // The part that both have: the smaller end of the largest epoch that both know.
        const mine = log.endOffsetForEpoch(epoch);
        const common = mine.epoch === epoch ? Math.min(mine.endOffset, endOffset) : mine.endOffset;
        await log.truncateTo(Math.min(Math.max(common, log.startOffset), log.endOffset));
        this.#core.logTruncated(log.endOffset);
      });
      return true;
    }
    const records = data.records;
    if (records !== null && records.length > 0) {
      if (fetchOffset !== log.endOffset || !log.append(records)) return false;
      this.#core.controlAppended(controlEntries(records, this.#core.runtime.codecs));
      // A fetch from the new end says that this node has it for good; who does not vote yet may by the time it counts.
      if (this.#core.election.isVoter || this.#core.config.isController) await log.flush();
    }
    if (this.#stillFollows(source) && data.highWatermark >= 0) {
      const offset = Math.min(data.highWatermark, log.endOffset);
      this.#core.post({ kind: 'leaderCommitted', epoch: source.epoch, offset });
    }
    return true;
  }

  async #fetchSnapshot(source: Source, id: SnapshotId): Promise<boolean> {
    const { log, runtime, delivery } = this.#core;
    const bytes = await this.#download(source, id);
    if (bytes === null || !this.#stillFollows(source)) return false;
    const content = decodeSnapshot(bytes, runtime.codecs);
    if (content === null) {
      runtime.log.warn('the leader sent a damaged snapshot', { ...id });
      return false;
    }
    if (id.endOffset <= delivery.offset) return false;
    let installed = false;
    await this.#core.exclusively(async () => {
      if (!this.#stillFollows(source)) return;
      await writeSnapshotFile(runtime.disk, log.directory, id, bytes);
      log.snapshotAdded(id);
      await log.startAfter(id);
      delivery.load(id, content);
      installed = true;
    });
    if (installed) {
      this.#core.post({ kind: 'votersChanged' });
      this.#core.post({ kind: 'leaderCommitted', epoch: source.epoch, offset: id.endOffset });
    }
    return installed;
  }

  async #download(source: Source, id: SnapshotId): Promise<Uint8Array | null> {
    const { peers, clusterId, self, config } = this.#core;
    let bytes = new Uint8Array(0);
    let position = 0;
    do {
      const partition = {
        partition: 0,
        currentLeaderEpoch: source.epoch,
        snapshotId: id,
        position,
        replicaDirectoryId: self.directoryId,
      };
      const response = await peers.request(
        source.peer,
        'fetch',
        fetchSnapshot,
        {
          clusterId,
          replicaId: self.id,
          maxBytes: config.number('controller.quorum.fetch.snapshot.max.bytes'),
          topics: [{ name: METADATA_TOPIC, partitions: [partition] }],
        },
        config.number('controller.quorum.request.timeout.ms'),
      );
      const data = response === null || response.errorCode !== 0 ? undefined : response.topics[0]?.partitions[0];
      if (data === undefined || !this.#stillFollows(source)) return null;
      const { leaderId, leaderEpoch } = data.currentLeader;
      if (leaderEpoch > source.epoch) this.#core.post({ kind: 'epochSeen', epoch: leaderEpoch, leaderId });
      const chunk = data.unalignedRecords;
      const sane =
        data.position === position && data.size <= SNAPSHOT_BYTES_MAX && position + chunk.length <= data.size;
      if (data.errorCode !== ErrorCode.none || !sane || chunk.length === 0) return null;
      // The leader is alive while it sends: a long snapshot must not start an election.
      this.#core.post({ kind: 'fetchAnswered', epoch: source.epoch, leaderId: source.peer.id });
      if (position === 0) bytes = new Uint8Array(data.size);
      if (bytes.length !== data.size) return null;
      bytes.set(chunk, position);
      position += chunk.length;
    } while (position < bytes.length);
    return bytes;
  }
}
