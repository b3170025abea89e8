import type { BrokerConfig } from '../config/index.ts';
import { DecodeError, type MetadataRecord, type VotersRecord, ZERO_UUID } from '../protocol/index.ts';
import { DiskError, type Runtime, type Timer } from '../runtime.ts';
import { Election, type QuorumEffect, type QuorumEvent, type ReplicaKey, type ReplicaProgress } from './election.ts';
import type { QuorumFaults } from './faults.ts';
import {
  type ControlEntry,
  decodeMetadataBatches,
  encodeLeaderChange,
  encodeMetadataBatch,
} from './metadata-batches.ts';
import { MetadataLog } from './metadata-log.ts';
import type { Quorum, QuorumDescription, QuorumListener, QuorumReplica } from './quorum.ts';
import { QuorumStateFile } from './quorum-state-file.ts';
import { encodeSnapshot, readSnapshot, writeSnapshotFile } from './snapshot.ts';

/** Bytes decoded and delivered in one go. */
const DELIVERY_BYTES = 1 << 20;

export interface RaftQuorumOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'>;
  readonly config: BrokerConfig;
  /** Directory id of the metadata log directory (meta.properties). */
  readonly directoryId: string;
  readonly listener: QuorumListener;
  /** The records that make the state which the listener now holds, for snapshots. Absent: none are written. */
  readonly snapshotRecords?: () => readonly MetadataRecord[];
  /** Told once: the metadata log's disk failed, nothing is acknowledged any more. */
  readonly onFailure?: (error: Error) => void;
  readonly faults?: QuorumFaults;
}

/** The quorum on one node: drives `Election`, keeps the log, delivers what is committed. */
export class RaftQuorum implements Quorum {
  readonly nodeId: number;
  readonly log: MetadataLog;
  readonly election: Election;
  readonly #options: RaftQuorumOptions;
  readonly #stateFile: QuorumStateFile;
  readonly #random: Runtime['random'];
  #voters: readonly ReplicaKey[];
  #votersRecord: VotersRecord | null = null;
  #kraftVersion = 0;
  #timer: Timer | null = null;
  /** Events that arrived while something was being made durable. */
  readonly #waiting: (() => void)[] = [];
  #persisting: Promise<void> | null = null;
  #flushScheduled = false;
  #flushing: Promise<void> = Promise.resolve();
  #deliveredOffset = 0;
  #deliveredEpoch = 0;
  #lastTimestampMs = 0;
  /** Epoch that the listener was told this node leads. */
  #claimedEpoch = -1;
  #toldLeader = '';
  #snapshotting: Promise<void> | null = null;
  #snapshottedBytes = 0;
  #state: 'open' | 'failed' | 'closed' = 'open';

  private constructor(options: RaftQuorumOptions, log: MetadataLog, stateFile: QuorumStateFile) {
    const { config, runtime } = options;
    this.#options = options;
    this.nodeId = config.nodeId;
    this.log = log;
    this.#stateFile = stateFile;
    this.#random = runtime.random.fork('quorum');
    this.#voters = this.#staticVoters();
    this.election = new Election({
      self: { id: this.nodeId, directoryId: options.directoryId },
      voters: () => this.#voters,
      log,
      timing: {
        electionTimeoutMs: config.number('controller.quorum.election.timeout.ms'),
        electionBackoffMaxMs: config.number('controller.quorum.election.backoff.max.ms'),
        fetchTimeoutMs: config.number('controller.quorum.fetch.timeout.ms'),
      },
      random: this.#random.fork('election'),
    });
  }

  /**
   * Opens `<metadata log dir>/__cluster_metadata-0`, hands the listener the latest snapshot, and starts the election.
   * A node whose configuration names no voters is a quorum of its own, whatever the log says about others.
   * Rejects with DiskError, or Error when the quorum's files cannot be read.
   */
  static async open(options: RaftQuorumOptions): Promise<RaftQuorum> {
    let quorum: RaftQuorum | null = null;
    const log = await MetadataLog.open({
      directory: `${options.config.metadataLogDir}/__cluster_metadata-0`,
      runtime: options.runtime,
      config: options.config,
      onDiskError: (error) => quorum?.fail(error),
    });
    const stateFile = new QuorumStateFile(options.runtime.disk, log.directory);
    quorum = new RaftQuorum(options, log, stateFile);
    quorum.#loadSnapshot();
    quorum.#post({ kind: 'start', state: stateFile.read() ?? { epoch: 0, leaderId: -1, voted: null } });
    return quorum;
  }

  get leader(): { readonly id: number; readonly epoch: number } {
    return this.election.leader;
  }
  get highWatermark(): number {
    return this.election.highWatermark ?? this.#deliveredOffset;
  }
  get logEndOffset(): number {
    return this.log.endOffset;
  }
  get kraftVersion(): number {
    return this.#kraftVersion;
  }
  get voters(): readonly ReplicaKey[] {
    return this.#voters;
  }

  append(epoch: number, records: readonly MetadataRecord[]): number | null {
    const { role } = this.election;
    if (this.#state !== 'open' || role.kind !== 'leader' || role.epoch !== epoch || records.length === 0) return null;
    const baseOffset = this.log.endOffset;
    const nowMs = this.#options.runtime.clock.wallMs();
    const bytes = encodeMetadataBatch(records, { baseOffset, epoch, nowMs }, this.#options.runtime.codecs);
    if (!this.log.append(bytes)) return null;
    this.#scheduleFlush();
    return baseOffset + records.length - 1;
  }

  describe(): QuorumDescription {
    const { role } = this.election;
    const { clock } = this.#options.runtime;
    const nowMs = this.#nowMs();
    const wall = (ms: number): number => (ms < 0 ? -1 : Math.round(clock.wallMs() - (nowMs - ms)));
    const progress = role.kind === 'leader' ? role.progress : new Map<number, ReplicaProgress>();
    const replica = (id: number, directoryId: string): QuorumReplica => {
      const self = id === this.nodeId;
      const known = progress.get(id);
      return {
        id,
        directoryId,
        logEndOffset: self ? this.log.endOffset : (known?.endOffset ?? -1),
        lastFetchMs: self ? clock.wallMs() : wall(known?.lastFetchMs ?? -1),
        lastCaughtUpMs: self ? clock.wallMs() : wall(known?.lastCaughtUpMs ?? -1),
      };
    };
    const voterIds = new Set(this.#voters.map((voter) => voter.id));
    return {
      leaderId: this.leader.id,
      leaderEpoch: this.leader.epoch,
      highWatermark: this.highWatermark,
      voters: this.#voters.map((voter) => replica(voter.id, voter.directoryId)),
      observers: [...progress]
        .filter(([id]) => !voterIds.has(id))
        .sort(([a], [b]) => a - b)
        .map(([id, known]) => replica(id, known.directoryId)),
    };
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#timer?.cancel();
    if (this.#state === 'open') this.#post({ kind: 'resign' });
    this.#state = 'closed';
    this.#timer?.cancel();
    await this.#persisting;
    await this.#flushing;
    await this.#snapshotting;
    await this.log.close();
  }

  /** The log's disk failed: nothing more is promised from here. */
  fail(error: Error): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#timer?.cancel();
    this.#options.runtime.log.error('the metadata log failed', { reason: error.message });
    this.#options.onFailure?.(error);
  }

  #staticVoters(): readonly ReplicaKey[] {
    const configured = this.#options.config.quorumVoters;
    if (configured.length > 0) return configured.map((voter) => ({ id: voter.id, directoryId: ZERO_UUID }));
    return [{ id: this.nodeId, directoryId: this.#options.directoryId }];
  }

  #nowMs(): number {
    return this.#options.runtime.clock.monotonicNs() / 1e6;
  }

  #post(event: QuorumEvent): void {
    if (this.#state !== 'open') return;
    if (this.#persisting !== null) {
      this.#waiting.push(() => this.#post(event));
      return;
    }
    this.#perform(this.election.step(event, this.#nowMs()), 0);
  }

  /** Performs effects in order; one that must be durable first holds back the rest, and every later event. */
  #perform(effects: readonly QuorumEffect[], from: number): void {
    for (let at = from; at < effects.length; at++) {
      const effect = effects[at]!;
      if (effect.kind === 'persist') {
        // Two in a row (candidate, then leader): nobody has seen the first, so only the last is written.
        if (effects[at + 1]?.kind === 'persist') continue;
        if (this.#options.faults?.voteNotPersisted === true) continue;
        this.#persisting = this.#stateFile.write(effect.state, this.#kraftVersion, this.#voters).then(
          () => this.#persisted(effects, at + 1),
          (error: unknown) => this.#diskFailed(error),
        );
        return;
      }
      this.#act(effect);
    }
    this.#armTimer();
  }

  #persisted(effects: readonly QuorumEffect[], next: number): void {
    this.#persisting = null;
    if (this.#state === 'open') this.#perform(effects, next);
    while (this.#persisting === null && this.#waiting.length > 0) this.#waiting.shift()!();
  }

  #diskFailed(error: unknown): void {
    this.#persisting = null;
    this.#waiting.length = 0;
    if (!(error instanceof DiskError)) throw error;
    this.fail(error);
  }

  #act(effect: Exclude<QuorumEffect, { kind: 'persist' }>): void {
    switch (effect.kind) {
      case 'lead':
        this.#lead(effect.epoch);
        return;
      case 'stopLeading':
      case 'follow':
        this.#tellLeader();
        return;
      case 'highWatermark':
        this.log.setHighWatermark(effect.offset);
        this.#deliver(effect.offset);
        return;
      case 'requestVotes':
        return;
    }
  }

  #lead(epoch: number): void {
    const { role } = this.election;
    if (role.kind !== 'leader' || role.epoch !== epoch) return;
    const bytes = encodeLeaderChange(
      {
        leaderId: this.nodeId,
        voters: this.#voters,
        granting: this.#voters.filter((voter) => role.granted.has(voter.id)),
      },
      {
        baseOffset: this.log.endOffset,
        epoch,
        nowMs: this.#options.runtime.clock.wallMs(),
        kraftVersion: this.#kraftVersion,
      },
      this.#options.runtime.codecs,
    );
    if (this.log.append(bytes)) this.#scheduleFlush();
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#options.runtime.timers.endOfTurn(() => {
      this.#flushScheduled = false;
      const upTo = this.log.endOffset;
      this.#flushing = this.log.flush().then(
        () => this.#post({ kind: 'flushed', offset: upTo }),
        (error: unknown) => this.#diskFailed(error),
      );
    });
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const deadline = this.election.deadlineMs;
    if (deadline === null || this.#state !== 'open') return;
    this.#timer = this.#options.runtime.timers.after(Math.max(0, deadline - this.#nowMs()), () =>
      this.#post({ kind: 'tick' }),
    );
  }

  #loadSnapshot(): void {
    const { listener, runtime } = this.#options;
    const id = this.log.latestSnapshot;
    if (id === null || id.endOffset === 0) {
      if (id !== null)
        this.#learn(readSnapshot(runtime.disk, this.log.snapshotPath(id), runtime.codecs)?.control ?? []);
      this.#deliveredOffset = this.log.startOffset;
      if (this.log.startOffset > 0) {
        throw new Error(
          `${this.log.directory} begins at offset ${this.log.startOffset}, but no snapshot covers what was before`,
        );
      }
      return;
    }
    const content = readSnapshot(runtime.disk, this.log.snapshotPath(id), runtime.codecs);
    if (content === null) throw new Error(`the snapshot ${this.log.snapshotPath(id)} is damaged`);
    this.#learn(content.control);
    this.#warnUnknown(content.unknown);
    this.#deliveredOffset = id.endOffset;
    this.#deliveredEpoch = id.epoch;
    listener.snapshotLoaded(content.records, id.endOffset, id.epoch);
  }

  /** Hands the listener what is committed and it has not seen. */
  #deliver(upTo: number): void {
    const { listener, runtime } = this.#options;
    while (this.#deliveredOffset < upTo) {
      const bytes = this.log.read(this.#deliveredOffset, upTo, DELIVERY_BYTES);
      if (bytes === null || bytes.length === 0) break;
      let decoded: ReturnType<typeof decodeMetadataBatches>;
      try {
        decoded = decodeMetadataBatches(bytes, runtime.codecs);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        this.fail(error);
        return;
      }
      const last = decoded.batches.at(-1)!;
      this.#learn(decoded.control);
      this.#warnUnknown(decoded.unknown);
      this.#deliveredOffset = last.lastOffset + 1;
      this.#deliveredEpoch = last.epoch;
      this.#lastTimestampMs = last.appendTimeMs;
      this.#snapshottedBytes += bytes.length;
      listener.committed(decoded.batches);
      this.#maybeSnapshot();
    }
    this.#tellLeader();
  }

  #learn(control: readonly ControlEntry[]): void {
    for (const entry of control) {
      if (entry.kind === 'kraftVersion') this.#kraftVersion = entry.version;
      else if (entry.kind === 'voters') this.#votersRecord = entry.voters;
    }
  }

  #warnUnknown(unknown: readonly { readonly offset: number; readonly reason: string }[]): void {
    for (const { offset, reason } of unknown) {
      this.#options.runtime.log.warn('a metadata record takes no effect', { offset, reason });
    }
  }

  /** The listener hears of its own leadership once everything before it, and the record that begins it, is delivered. */
  #tellLeader(): void {
    const { role } = this.election;
    const { listener } = this.#options;
    let leader = this.election.leader;
    if (role.kind === 'leader') {
      if (this.#claimedEpoch === role.epoch) return;
      if (this.#deliveredOffset <= role.epochStartOffset) return;
      this.#claimedEpoch = role.epoch;
    } else if (role.kind !== 'follower') {
      leader = { id: -1, epoch: leader.epoch };
    }
    const told = `${leader.id}:${leader.epoch}`;
    if (told === this.#toldLeader) return;
    this.#toldLeader = told;
    listener.leaderChanged(leader);
  }

  #maybeSnapshot(): void {
    const { config, snapshotRecords, runtime, faults } = this.#options;
    if (snapshotRecords === undefined || this.#snapshotting !== null) return;
    if (this.#snapshottedBytes < config.number('metadata.log.max.record.bytes.between.snapshots')) return;
    this.#snapshottedBytes = 0;
    const id = { endOffset: this.#deliveredOffset, epoch: this.#deliveredEpoch };
    const all = snapshotRecords();
    const bytes = encodeSnapshot(
      {
        id,
        records: faults?.snapshotLosesRecord === true ? all.slice(0, -1) : all,
        kraftVersion: this.#kraftVersion,
        voters: this.#votersRecord,
        lastTimestampMs: this.#lastTimestampMs,
        nowMs: runtime.clock.wallMs(),
      },
      runtime.codecs,
    );
    this.#snapshotting = writeSnapshotFile(runtime.disk, this.log.directory, id, bytes).then(
      () => {
        this.#snapshotting = null;
        this.log.snapshotAdded(id);
        this.log.trim(config.number('metadata.max.retention.bytes'));
      },
      (error: unknown) => {
        this.#snapshotting = null;
        this.#diskFailed(error);
      },
    );
  }
}
