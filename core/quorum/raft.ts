import type { BrokerConfig } from '../config/index.ts';
import type { MetadataRecord } from '../protocol/index.ts';
import type { Runtime, Timer } from '../runtime.ts';
import type { QuorumCore } from './core.ts';
import { Delivery } from './delivery.ts';
import { Election } from './election.ts';
import type { QuorumEffect, QuorumEvent, ReplicaKey } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';
import { Follower } from './follower.ts';
import { LeaderLog } from './leader-log.ts';
import { Members } from './members.ts';
import { Membership } from './membership.ts';
import { VoterMessenger } from './messenger.ts';
import type { ControlEntry } from './metadata-batches.ts';
import { MetadataLog } from './metadata-log.ts';
import { PeerService } from './peer-service.ts';
import type { PeerAddress, PeerNetwork } from './peers.ts';
import type { Quorum, QuorumDescription, QuorumListener } from './quorum.ts';
import { describeQuorum } from './quorum-description.ts';
import { QuorumStateFile } from './quorum-state-file.ts';
import { Steps } from './steps.ts';
import { VoterChanges } from './voter-changes.ts';
import type { VoterHistory } from './voter-history.ts';
import type { Voter, VoterEndpoint } from './voter-set.ts';

export interface RaftQuorumOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'random' | 'disk' | 'codecs' | 'log'>;
  readonly config: BrokerConfig;
  readonly clusterId?: string;
  /** Directory id of the metadata log directory (meta.properties). */
  readonly directoryId: string;
  readonly listener: QuorumListener;
  /** Where other members reach this node, listener by listener; default: nobody does. */
  readonly endpoints?: readonly VoterEndpoint[];
  /** The way to the other voters. Not needed by a node that is a quorum of its own. */
  readonly peers?: PeerNetwork;
  /**
   * The records that make the state which the listener now holds, for snapshots; null when it holds none that could
   * stand alone. Absent: no snapshots are written.
   */
  readonly snapshotRecords?: () => readonly MetadataRecord[] | null;
  /** Told once: the metadata log's disk failed, nothing is acknowledged any more. */
  readonly onFailure?: (error: Error) => void;
  readonly faults?: QuorumFaults;
}

const noPeers: PeerNetwork = { request: async () => null, close: () => {} };

/** The quorum on one node: drives `Election`, keeps the log, delivers what is committed. */
export class RaftQuorum implements Quorum, QuorumCore {
  readonly runtime: RaftQuorumOptions['runtime'];
  readonly config: BrokerConfig;
  readonly clusterId: string;
  readonly self: ReplicaKey;
  readonly endpoints: readonly VoterEndpoint[];
  readonly listenerName: string;
  readonly peers: PeerNetwork;
  readonly log: MetadataLog;
  readonly election: Election;
  readonly delivery: Delivery;
  readonly members: Members;
  readonly faults: QuorumFaults;
  /** Changes of the voters, as the leader makes them. */
  readonly changes: VoterChanges;
  /** What this node answers to the others. */
  readonly service: PeerService;
  readonly #options: RaftQuorumOptions;
  readonly #stateFile: QuorumStateFile;
  readonly #messenger: VoterMessenger;
  readonly #follower: Follower;
  readonly #leaderLog: LeaderLog;
  readonly #steps: Steps;
  readonly #membership: Membership;
  #timer: Timer | null = null;
  /** Epoch that the listener was told this node leads. */
  #claimedEpoch = -1;
  #toldLeader = '';
  #state: 'open' | 'failed' | 'closed' = 'open';

  private constructor(options: RaftQuorumOptions, log: MetadataLog) {
    const { config, runtime } = options;
    this.#options = options;
    this.runtime = runtime;
    this.config = config;
    this.clusterId = options.clusterId ?? '';
    this.self = { id: config.nodeId, directoryId: options.directoryId };
    this.peers = options.peers ?? noPeers;
    this.log = log;
    this.#stateFile = new QuorumStateFile(runtime.disk, log.directory);
    this.faults = options.faults ?? {};
    this.listenerName = config.quorumListenerName;
    this.endpoints = options.endpoints ?? [];
    const { self, endpoints, listenerName, faults } = this;
    this.members = new Members({ config, self, endpoints, listenerName, faults });
    this.delivery = new Delivery({
      runtime,
      config,
      log,
      listener: options.listener,
      onSnapshot: (control, endOffset) => this.history.loaded(control, endOffset),
      snapshotRecords: options.snapshotRecords ?? null,
      onError: (error) => this.failed(error),
      faults: this.faults,
    });
    this.election = new Election({
      self: this.self,
      voters: () => this.voters(),
      isStillNeeded: (highWatermark) => this.history.isLeaving(this.self, highWatermark),
      log,
      timing: {
        electionTimeoutMs: config.number('controller.quorum.election.timeout.ms'),
        electionBackoffMaxMs: config.number('controller.quorum.election.backoff.max.ms'),
        fetchTimeoutMs: config.number('controller.quorum.fetch.timeout.ms'),
      },
      random: runtime.random.fork('quorum election'),
      faults: this.faults,
    });
    this.service = new PeerService(this, (step) => this.#ask(step));
    this.#messenger = new VoterMessenger(this);
    this.#follower = new Follower(this);
    this.#leaderLog = new LeaderLog(this, () => this.service.wake());
    this.changes = new VoterChanges(this, this.#leaderLog, () => this.#leave());
    this.#membership = new Membership(this);
    this.#steps = new Steps(
      () => this.isOpen,
      (error) => this.failed(error),
    );
  }

  /**
   * Opens `<metadata log dir>/__cluster_metadata-0`, hands the listener the latest snapshot, and starts the election.
   * Voters are those of the log (KIP-853), else those of the configuration. A node of which neither says anything, not
   * even whom to ask, is a quorum of its own.
   * Rejects with DiskError, or Error when the quorum's files cannot be read.
   */
  static async open(options: RaftQuorumOptions): Promise<RaftQuorum> {
    let quorum: RaftQuorum | null = null;
    const log = await MetadataLog.open({
      directory: `${options.config.metadataLogDir}/__cluster_metadata-0`,
      runtime: options.runtime,
      config: options.config,
      onDiskError: (error) => quorum?.failed(error),
    });
    try {
      quorum = new RaftQuorum(options, log);
      quorum.delivery.start();
      const from = log.latestSnapshot?.endOffset ?? 0;
      quorum.history.appended(log.controlAtStart.filter(({ offset }) => offset >= from));
      const state = quorum.#stateFile.read() ?? { epoch: 0, leaderId: -1, voted: null };
      quorum.post({ kind: 'start', state });
      if (quorum.members.mayFollow) quorum.#follower.start();
      return quorum;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  get nodeId(): number {
    return this.self.id;
  }
  get isOpen(): boolean {
    return this.#state === 'open';
  }
  get leader(): { readonly id: number; readonly epoch: number } {
    return this.election.leader;
  }
  get highWatermark(): number {
    return Math.max(this.election.highWatermark ?? 0, this.delivery.offset);
  }
  get logEndOffset(): number {
    return this.log.endOffset;
  }
  get kraftVersion(): number {
    return this.history.kraftVersion;
  }

  get history(): VoterHistory {
    return this.members.history;
  }

  voters(): readonly Voter[] {
    return this.members.voters;
  }

  addressOf(id: number): PeerAddress | null {
    return this.members.addressOf(id);
  }

  controlAppended(control: readonly ControlEntry[]): void {
    if (this.history.appended(control)) this.#votersChanged();
  }

  logTruncated(offset: number): void {
    if (this.history.truncatedTo(offset)) this.#votersChanged();
  }

  append(epoch: number, records: readonly MetadataRecord[]): number | null {
    return this.#leaderLog.append(epoch, records);
  }

  describe(): QuorumDescription {
    return describeQuorum(this);
  }

  post(event: QuorumEvent, done?: () => void): void {
    this.#steps.run(() => this.#perform(this.election.step(event, this.#nowMs()), 0, done), done);
  }

  exclusively(work: () => Promise<void>): Promise<void> {
    return this.#steps.exclusively(work);
  }

  failed(error: unknown): void {
    if (this.#state !== 'open') return;
    this.#state = 'failed';
    this.#timer?.cancel();
    const reason = error instanceof Error ? error : new Error(String(error));
    this.runtime.log.error('the metadata quorum failed on this node', { reason: reason.message });
    this.#follower.roleChanged();
    this.changes.roleChanged();
    this.service.wake();
    this.#steps.drain();
    this.#options.listener.leaderChanged({ id: -1, epoch: this.election.role.epoch });
    this.#options.onFailure?.(reason);
  }

  /**
   * Whether so many other voters are down that nothing can be committed: each was asked, and its connection was refused
   * or broke at once. One that merely does not answer may be cut off for a while, and counts as there.
   */
  majorityIsDown(): Promise<boolean> {
    return this.#messenger.majorityIsDown();
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    const { role } = this.election;
    if (this.#state === 'open' && role.kind === 'leader') {
      await this.#steps.settled();
      this.post({ kind: 'resign' });
      await this.#messenger.farewell(role.epoch);
    }
    this.#state = 'closed';
    this.#timer?.cancel();
    this.changes.roleChanged();
    this.#membership.close();
    this.service.wake();
    this.#steps.drain();
    this.peers.close();
    await this.#steps.holding;
    await this.#messenger.close();
    await this.#follower.close();
    await this.#leaderLog.settled();
    await this.delivery.settled();
    await this.log.close();
  }

  /** After a change of the log. */
  #votersChanged(): void {
    const { voters, kraftVersion } = this.history;
    const shown = voters.map(({ id, directoryId }) => `${id} ${directoryId}`);
    this.runtime.log.info('the voters of the metadata quorum', { voters: shown, kraftVersion });
    this.post({ kind: 'votersChanged' }, () => {
      this.#messenger.informVoters();
      this.#membership.consider();
    });
  }

  /** Leads no more, for it votes no more, and tells those who do. */
  #leave(): void {
    const { epoch } = this.election.role;
    this.runtime.log.info('no voter of the metadata quorum any more', { epoch });
    this.post({ kind: 'resign' }, () => this.#messenger.sayFarewell(epoch));
  }

  #nowMs(): number {
    return this.runtime.clock.monotonicNs() / 1e6;
  }

  #ask<T>(step: () => { readonly result: T; readonly effects: readonly QuorumEffect[] }): Promise<T | null> {
    return new Promise((resolve) => {
      this.#steps.run(
        () => {
          const { result, effects } = step();
          this.#perform(effects, 0, () => resolve(this.isOpen ? result : null));
        },
        () => resolve(null),
      );
    });
  }

  /** Performs effects in order; one that must be durable first holds back the rest, and every later step. */
  #perform(effects: readonly QuorumEffect[], from: number, done?: () => void): void {
    for (let at = from; at < effects.length; at++) {
      const effect = effects[at]!;
      if (effect.kind === 'persist') {
        // Two in a row (candidate, then leader): nobody has seen the first, so only the last is written.
        if (effects[at + 1]?.kind === 'persist') continue;
        if (this.faults.voteNotPersisted === true) continue;
        const written = this.#stateFile.write(effect.state, this.kraftVersion, this.history.voters);
        this.#steps.hold(
          written.then(
            () => this.#persisted(effects, at + 1, done),
            (error: unknown) => {
              this.#steps.release();
              this.failed(error);
              done?.();
            },
          ),
        );
        return;
      }
      this.#act(effect);
    }
    this.#armTimer();
    done?.();
  }

  #persisted(effects: readonly QuorumEffect[], next: number, done?: () => void): void {
    this.#steps.release();
    if (this.isOpen) this.#perform(effects, next, done);
    else done?.();
    this.#steps.drain();
  }

  #act(effect: Exclude<QuorumEffect, { kind: 'persist' }>): void {
    switch (effect.kind) {
      case 'lead':
        this.runtime.log.info('leading the metadata quorum', { epoch: effect.epoch });
        this.#leaderLog.begin(effect.epoch);
        this.#messenger.informVoters();
        this.#roleChanged();
        return;
      case 'stopLeading':
        this.runtime.log.info('no longer leading the metadata quorum', { epoch: effect.epoch });
        this.#roleChanged();
        return;
      case 'follow':
        this.runtime.log.info('following in the metadata quorum', { leader: effect.leaderId, epoch: effect.epoch });
        this.#roleChanged();
        return;
      case 'requestVotes':
        this.runtime.log.info('standing for election', { epoch: effect.epoch, preVote: effect.preVote });
        this.#roleChanged();
        this.#messenger.requestVotes(effect.epoch, effect.preVote);
        return;
      case 'highWatermark':
        this.log.setHighWatermark(effect.offset);
        this.delivery.deliver(effect.offset);
        this.service.wake();
        this.#tellLeader();
        this.changes.committed(effect.offset);
        return;
    }
  }

  #roleChanged(): void {
    this.#follower.roleChanged();
    this.changes.roleChanged();
    this.#membership.consider();
    this.service.wake();
    this.#tellLeader();
  }

  #armTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const deadline = this.election.deadlineMs;
    if (deadline === null || !this.isOpen) return;
    // Whole milliseconds, up: a timer a hair early would find nothing due and be set again for the same moment.
    const delayMs = Math.max(0, Math.ceil(deadline - this.#nowMs()));
    this.#timer = this.runtime.timers.after(delayMs, () => this.post({ kind: 'tick' }));
  }

  /** The listener hears of its own leadership once everything before it, and the record that begins it, is delivered. */
  #tellLeader(): void {
    const { role } = this.election;
    let leader = this.election.leader;
    if (role.kind === 'leader') {
      if (this.#claimedEpoch === role.epoch || this.delivery.offset <= role.epochStartOffset) return;
      this.#claimedEpoch = role.epoch;
    } else if (role.kind !== 'follower') {
      leader = { id: -1, epoch: leader.epoch };
    }
    const told = `${leader.id}:${leader.epoch}`;
    if (told === this.#toldLeader) return;
    this.#toldLeader = told;
    this.#options.listener.leaderChanged(leader);
  }
}
