import { ElectionDeadlines } from './election-deadlines.ts';
import type {
  ElectionOptions,
  ElectionState,
  QuorumEffect,
  QuorumEvent,
  QuorumRole,
  ReplicaKey,
  ReplicaProgress,
  VoteRequested,
} from './election-types.ts';
import {
  acknowledged,
  checkQuorumMs,
  heldByMajority,
  progressed,
  unknownProgress,
  withVoters,
} from './replica-progress.ts';
import { isSameVoter } from './voter-set.ts';
import { grantsVote, hasHeardAll, isLost, isMajority, tallied } from './voting.ts';

/**
 * Who leads the quorum (KIP-595, with pre-vote of KIP-996 and check-quorum). Pure but for the random stream that draws
 * its timeouts: `step` takes an event and the time and returns what must happen, in order. Times are monotonic ms.
 */
export class Election {
  role: QuorumRole = { kind: 'unattached', epoch: 0, leaderId: -1, voted: null, deadlineMs: 0 };
  /** How far each replica was when this node last led: who should succeed it. */
  lastProgress: ReadonlyMap<string, ReplicaProgress> = new Map();
  /** Offset below which all is committed as far as this node knows; null before it knows. */
  highWatermark: number | null = null;
  readonly #options: ElectionOptions;
  readonly #deadlines: ElectionDeadlines;
  #effects: QuorumEffect[] = [];

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#deadlines = new ElectionDeadlines(options.timing, options.random, () => this.#isSoleVoter());
  }

  get leader(): { readonly id: number; readonly epoch: number } {
    return { id: this.role.kind === 'resigned' ? -1 : this.role.leaderId, epoch: this.role.epoch };
  }

  get isVoter(): boolean {
    return this.#options.voters().some((voter) => isSameVoter(voter, this.#options.self));
  }

  /** A voter; or one that is about to be none, without whose log nobody may be able to lead. */
  get #mayStand(): boolean {
    return this.isVoter || this.#options.isStillNeeded?.(this.highWatermark ?? -1) === true;
  }

  /** When `tick` is due; null while nothing waits for time. */
  get deadlineMs(): number | null {
    const { role } = this;
    if (role.kind === 'leader') return this.#remoteVoters().length === 0 ? null : role.deadlineMs;
    if (!this.#mayStand && role.kind !== 'follower' && role.kind !== 'resigned') return null;
    return role.deadlineMs;
  }

  step(event: QuorumEvent, nowMs: number): readonly QuorumEffect[] {
    this.#effects = [];
    this.#handle(event, nowMs);
    return this.#effects;
  }

  /** Answers a Vote request; the answer may leave only after the effects are done. */
  vote(
    request: VoteRequested,
    nowMs: number,
  ): { readonly granted: boolean; readonly effects: readonly QuorumEffect[] } {
    this.#effects = [];
    if (request.epoch < this.role.epoch) return { granted: false, effects: [] };
    if (request.epoch > this.role.epoch) this.#unattached(request.epoch, -1, null, nowMs);
    const granted = grantsVote(this.role, request, this.#options);
    if (granted && !request.preVote) {
      const role = this.role;
      if (role.voted === null || role.voted.id !== request.candidate.id) {
        this.role = { ...role, voted: request.candidate };
        this.#persist();
      }
    }
    return { granted, effects: this.#effects };
  }

  #handle(event: QuorumEvent, nowMs: number): void {
    switch (event.kind) {
      case 'start':
        this.#start(event.state, nowMs);
        return;
      case 'tick':
        this.#tick(nowMs);
        return;
      case 'voteAnswered':
        this.#voteAnswered(event, nowMs);
        return;
      case 'epochSeen':
        this.#epochSeen(event.epoch, event.leaderId, nowMs);
        return;
      case 'fetchAnswered':
        if (this.role.kind === 'follower' && this.role.epoch === event.epoch && this.role.leaderId === event.leaderId) {
          this.role = { ...this.role, fetched: true, deadlineMs: nowMs + this.#options.timing.fetchTimeoutMs };
        }
        return;
      case 'leaderCommitted':
        if (this.role.kind === 'follower' && this.role.epoch === event.epoch) this.#commit(event.offset);
        return;
      case 'flushed':
        this.#progressed(this.#options.self, event.offset, nowMs);
        return;
      case 'replicaFetched':
        this.#progressed(event.replica, event.fetchOffset, nowMs);
        return;
      case 'leaderAcknowledged':
        if (this.role.kind === 'leader' && this.role.epoch === event.epoch) {
          this.role = acknowledged(this.role, event.from, this.#options);
        }
        return;
      case 'endEpochReceived':
        this.#leaderEnded(event.epoch, event.leaderId, event.preferred, nowMs);
        return;
      case 'leaderDenied':
        this.#leaderDenied(event.epoch, event.from, nowMs);
        return;
      case 'resign':
        if (this.role.kind === 'leader') this.#resign(nowMs);
        return;
      case 'votersChanged':
        if (this.role.kind === 'leader') this.role = withVoters(this.role, nowMs, this.#options);
        this.#advance();
        return;
    }
  }

  #start(state: ElectionState, nowMs: number): void {
    const { self, log } = this.#options;
    // The file may be older than the log, when it was lost or the log came from elsewhere.
    const epoch = Math.max(state.epoch, log.lastEpoch, 0);
    const voted = epoch === state.epoch ? state.voted : null;
    const leaderId = epoch === state.epoch ? state.leaderId : -1;
    if (leaderId === self.id) {
      // It led before it stopped: its followers have gone on, so it may not lead this epoch again.
      this.role = { kind: 'resigned', epoch, leaderId, voted, deadlineMs: this.#deadlines.soon(nowMs) };
    } else if (leaderId !== -1 && this.#remoteVoters().length > 0) {
      this.role = {
        kind: 'follower',
        epoch,
        leaderId,
        voted,
        fetched: false,
        deadlineMs: nowMs + this.#options.timing.fetchTimeoutMs,
      };
      this.#effects.push({ kind: 'follow', leaderId, epoch });
    } else {
      const deadlineMs = this.#deadlines.atStart(nowMs, this.#rankWithout(-1));
      this.role = { kind: 'unattached', epoch, leaderId: -1, voted, deadlineMs };
    }
    if (this.#isSoleVoter()) this.#campaign(nowMs);
  }

  /** The leader that is followed says that it leads no more, or its process has ended: there is nothing to wait for. */
  #leaderDenied(epoch: number, from: number, nowMs: number): void {
    const { role } = this;
    if (role.kind !== 'follower' || role.epoch !== epoch || role.leaderId !== from || !this.#mayStand) return;
    // All notice at about the same time. They stand in the order of their ids, and whoever is behind in its log loses to
    // the next: two at once, with the old leader's vote missing, could each keep the other from a majority.
    const deadlineMs = this.#deadlines.inTurn(nowMs, this.#rankWithout(from));
    this.role = { ...role, fetched: false, deadlineMs: Math.min(role.deadlineMs, deadlineMs) };
  }

  #tick(nowMs: number): void {
    const { role } = this;
    if (nowMs < role.deadlineMs) return;
    switch (role.kind) {
      case 'leader':
        // Check-quorum: no majority has fetched for 1.5 times the fetch timeout.
        if (this.#remoteVoters().length > 0) this.#resign(nowMs);
        return;
      case 'resigned':
        // One that has been removed from the voters raises no epoch: it only looks for who leads now.
        if (this.#mayStand) this.#unattached(role.epoch + 1, -1, null, nowMs);
        else this.#unattached(role.epoch, -1, role.voted, nowMs);
        if (this.#isSoleVoter()) this.#campaign(nowMs);
        return;
      case 'unattached':
      case 'follower':
        if (this.#mayStand) this.#prospect(nowMs);
        // An observer does not stand for election; it asks the voters who leads now.
        else this.#unattached(role.epoch, -1, role.voted, nowMs);
        return;
      case 'prospective':
        if (isMajority(role.granted, this.#options.voters())) this.#campaign(nowMs);
        else if (role.leaderId !== -1) this.#follow(role.epoch, role.leaderId, nowMs);
        else {
          const { epoch, voted } = role;
          this.role = { kind: 'unattached', epoch, leaderId: -1, voted, deadlineMs: this.#deadlines.soon(nowMs) };
        }
        return;
      case 'candidate':
        this.#prospect(nowMs);
        return;
    }
  }

  /** Asks for pre-votes: would I win? Only then is the epoch raised. */
  #prospect(nowMs: number): void {
    if (this.#isSoleVoter()) {
      this.#campaign(nowMs);
      return;
    }
    const { epoch, voted, leaderId } = this.role;
    this.role = {
      kind: 'prospective',
      epoch,
      voted,
      // Still the leader of this epoch: that others name it too is no news, and it may yet turn out to be alive.
      leaderId,
      deadlineMs: this.#deadlines.patient(nowMs),
      granted: new Set([this.#options.self.id]),
      rejected: new Set(),
      unreachable: new Set(),
    };
    this.#effects.push({ kind: 'requestVotes', epoch, preVote: true });
  }

  #campaign(nowMs: number): void {
    const { self } = this.#options;
    const epoch = this.role.epoch + 1;
    this.role = {
      kind: 'candidate',
      epoch,
      voted: self,
      leaderId: -1,
      deadlineMs: this.#deadlines.patient(nowMs),
      granted: new Set([self.id]),
      rejected: new Set(),
      unreachable: new Set(),
    };
    this.#persist();
    if (isMajority(this.role.granted, this.#options.voters())) this.#lead(nowMs);
    else this.#effects.push({ kind: 'requestVotes', epoch, preVote: false });
  }

  #lead(nowMs: number): void {
    const { role } = this;
    if (role.kind !== 'candidate') return;
    const { self, log, timing } = this.#options;
    this.role = {
      kind: 'leader',
      epoch: role.epoch,
      voted: role.voted,
      leaderId: self.id,
      deadlineMs: nowMs + checkQuorumMs(timing),
      epochStartOffset: log.endOffset,
      granted: role.granted,
      progress: unknownProgress(this.#options.voters(), nowMs),
    };
    this.#persist();
    this.#effects.push({ kind: 'lead', epoch: role.epoch });
  }

  #resign(nowMs: number): void {
    const { epoch, voted, leaderId } = this.role;
    if (this.role.kind === 'leader') this.lastProgress = this.role.progress;
    this.role = { kind: 'resigned', epoch, voted, leaderId, deadlineMs: this.#deadlines.patient(nowMs) };
    this.#effects.push({ kind: 'stopLeading', epoch });
  }

  #unattached(epoch: number, leaderId: number, voted: ReplicaKey | null, nowMs: number): void {
    const ledEpoch = this.role.kind === 'leader' ? this.role.epoch : null;
    this.role = { kind: 'unattached', epoch, leaderId, voted, deadlineMs: this.#deadlines.patient(nowMs) };
    this.#persist();
    if (ledEpoch !== null) this.#effects.push({ kind: 'stopLeading', epoch: ledEpoch });
  }

  #follow(epoch: number, leaderId: number, nowMs: number): void {
    const before = this.role;
    const voted = epoch === before.epoch ? before.voted : null;
    this.role = {
      kind: 'follower',
      epoch,
      leaderId,
      voted,
      fetched: false,
      deadlineMs: nowMs + this.#options.timing.fetchTimeoutMs,
    };
    this.#persist();
    if (before.kind === 'leader') this.#effects.push({ kind: 'stopLeading', epoch: before.epoch });
    this.#effects.push({ kind: 'follow', leaderId, epoch });
  }

  #epochSeen(epoch: number, leaderId: number, nowMs: number): void {
    const { role } = this;
    const { self } = this.#options;
    if (epoch < role.epoch) return;
    // That this node leads an epoch it knows nothing of can only be a memory of its former life.
    const leader = leaderId === self.id ? -1 : leaderId;
    if (epoch > role.epoch) {
      if (leader === -1) this.#unattached(epoch, -1, null, nowMs);
      else this.#follow(epoch, leader, nowMs);
      return;
    }
    const knowsNone = role.kind === 'unattached' || role.kind === 'prospective' ? role.leaderId === -1 : true;
    if (leader !== -1 && role.kind !== 'leader' && role.kind !== 'follower' && knowsNone) {
      this.#follow(epoch, leader, nowMs);
    }
  }

  #voteAnswered(event: Extract<QuorumEvent, { kind: 'voteAnswered' }>, nowMs: number): void {
    const { role } = this;
    const asked = event.preVote ? 'prospective' : 'candidate';
    if (role.kind !== asked || event.epoch !== role.epoch) return;
    const voters = this.#options.voters();
    if (!voters.some((voter) => voter.id === event.from)) return;
    const counted = tallied(role, event.from, event.answer);
    this.role = counted;
    if (isMajority(counted.granted, voters)) {
      if (!event.preVote) this.#lead(nowMs);
      else if (this.#mayBeMistaken && !hasHeardAll(counted, voters)) {
        this.role = { ...counted, deadlineMs: Math.min(role.deadlineMs, this.#deadlines.hearingAll(nowMs)) };
      } else this.#campaign(nowMs);
    } else if (isLost(counted, voters) && counted.rejected.size > 0) {
      // Where all that is missing cannot be reached there is nothing to ask anew: it is dialled until it is there.
      const deadlineMs = Math.min(role.deadlineMs, this.#deadlines.afterLoss(nowMs, event.preVote));
      this.role = { ...counted, deadlineMs };
    }
  }

  #progressed(replica: ReplicaKey, endOffset: number, nowMs: number): void {
    if (this.role.kind !== 'leader') return;
    this.role = progressed(this.role, replica, endOffset, nowMs, this.#options);
    this.#advance();
  }

  #advance(): void {
    if (this.role.kind !== 'leader') return;
    const reached = heldByMajority(this.role, this.#options);
    if (reached !== null) this.#commit(reached);
  }

  /** What is committed stays committed: the high watermark only rises. */
  #commit(offset: number): void {
    if (offset <= (this.highWatermark ?? -1)) return;
    this.highWatermark = offset;
    this.#effects.push({ kind: 'highWatermark', offset });
  }

  #leaderEnded(epoch: number, leaderId: number, preferred: readonly number[], nowMs: number): void {
    this.#epochSeen(epoch, leaderId, nowMs);
    const { role } = this;
    if (role.kind !== 'follower' || role.epoch !== epoch || role.leaderId !== leaderId || !this.#mayStand) return;
    const rank = preferred.indexOf(this.#options.self.id);
    // The one that is furthest goes first, when the others may be thought to have heard as well: until then they would
    // refuse it their pre-vote.
    const deadlineMs = rank === 0 ? this.#deadlines.named(nowMs) : this.#deadlines.patient(nowMs);
    this.role = { ...role, fetched: false, deadlineMs: Math.min(role.deadlineMs, deadlineMs) };
  }

  #persist(): void {
    const { epoch, leaderId, voted } = this.role;
    this.#effects.push({ kind: 'persist', state: { epoch, leaderId, voted } });
  }

  /**
   * A voter with nothing in its log may be one with a new disk, and so may those be that would elect it: before it raises
   * an epoch it hears all, for a leader that there is would say so.
   */
  get #mayBeMistaken(): boolean {
    return this.#options.log.endOffset === 0;
  }

  /** How many voters other than `gone` come before this one. */
  #rankWithout(gone: number): number {
    return this.#remoteVoters().filter(({ id }) => id < this.#options.self.id && id !== gone).length;
  }

  #remoteVoters(): readonly ReplicaKey[] {
    return this.#options.voters().filter((voter) => !isSameVoter(voter, this.#options.self));
  }

  #isSoleVoter(): boolean {
    return this.isVoter && this.#remoteVoters().length === 0;
  }
}
