import type {
  ElectionOptions,
  ElectionState,
  ElectionTiming,
  QuorumEffect,
  QuorumEvent,
  QuorumRole,
  ReplicaKey,
  ReplicaProgress,
  VoteRequested,
} from './election-types.ts';

/** How long the news that a leader has left may take to reach all. */
const HANDOVER_MS = 20;
/** Between two voters that stand because their leader is gone: an election takes less, so the first is seldom met by the second. */
const STAGGER_MS = 100;

/**
 * Who leads the quorum (KIP-595, with pre-vote of KIP-996 and check-quorum). Pure but for the random stream that draws
 * its timeouts: `step` takes an event and the time and returns what must happen, in order. Times are monotonic ms.
 */
export class Election {
  role: QuorumRole = { kind: 'unattached', epoch: 0, leaderId: -1, voted: null, deadlineMs: 0 };
  /** How far each replica was when this node last led: who should succeed it. */
  lastProgress: ReadonlyMap<number, ReplicaProgress> = new Map();
  /** Offset below which all is committed as far as this node knows; null before it knows. */
  highWatermark: number | null = null;
  readonly #options: ElectionOptions;
  #effects: QuorumEffect[] = [];

  constructor(options: ElectionOptions) {
    this.#options = options;
  }

  get leader(): { readonly id: number; readonly epoch: number } {
    return { id: this.role.kind === 'resigned' ? -1 : this.role.leaderId, epoch: this.role.epoch };
  }

  get isVoter(): boolean {
    return this.#options.voters().some((voter) => voter.id === this.#options.self.id);
  }

  /** When `tick` is due; null while nothing waits for time. */
  get deadlineMs(): number | null {
    const { role } = this;
    if (role.kind === 'leader') return this.#remoteVoters().length === 0 ? null : role.deadlineMs;
    if (!this.isVoter && role.kind !== 'follower') return null;
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
    const granted = this.#grants(request);
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
        this.#acknowledged(event.from, event.epoch);
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
        if (this.role.kind === 'leader') this.#advance(this.role);
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
      this.role = { kind: 'resigned', epoch, leaderId, voted, deadlineMs: this.#soon(nowMs) };
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
      this.role = { kind: 'unattached', epoch, leaderId: -1, voted, deadlineMs: this.#soon(nowMs) };
    }
    if (this.#isSoleVoter()) this.#campaign(nowMs);
  }

  /** The leader that is followed says that it leads no more, or its process has ended: there is nothing to wait for. */
  #leaderDenied(epoch: number, from: number, nowMs: number): void {
    const { role } = this;
    if (role.kind !== 'follower' || role.epoch !== epoch || role.leaderId !== from || !this.isVoter) return;
    // All notice at about the same time. They stand in the order of their ids, and whoever is behind in its log loses to
    // the next: two at once, with the old leader's vote missing, could each keep the other from a majority.
    const rank = this.#remoteVoters().filter(({ id }) => id < this.#options.self.id && id !== from).length;
    const jitterMs = this.#options.random.below(STAGGER_MS / 4);
    const deadlineMs = nowMs + HANDOVER_MS + rank * STAGGER_MS + jitterMs;
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
        this.#unattached(role.epoch + 1, -1, null, nowMs);
        if (this.#isSoleVoter()) this.#campaign(nowMs);
        return;
      case 'unattached':
      case 'follower':
        if (this.isVoter) this.#prospect(nowMs);
        // An observer does not stand for election; it asks the voters who leads now.
        else this.#unattached(role.epoch, -1, role.voted, nowMs);
        return;
      case 'prospective':
        if (role.leaderId !== -1) {
          this.#follow(role.epoch, role.leaderId, nowMs);
          return;
        }
        this.role = {
          kind: 'unattached',
          epoch: role.epoch,
          leaderId: -1,
          voted: role.voted,
          deadlineMs: this.#electionDeadline(nowMs),
        };
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
      deadlineMs: this.#electionDeadline(nowMs),
      granted: new Set([this.#options.self.id]),
      rejected: new Set(),
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
      deadlineMs: this.#electionDeadline(nowMs),
      granted: new Set([self.id]),
      rejected: new Set(),
    };
    this.#persist();
    if (this.#isMajority(this.role.granted)) this.#lead(nowMs);
    else this.#effects.push({ kind: 'requestVotes', epoch, preVote: false });
  }

  #lead(nowMs: number): void {
    const { role } = this;
    if (role.kind !== 'candidate') return;
    const { self, log, timing } = this.#options;
    const progress = new Map<number, ReplicaProgress>();
    for (const voter of this.#options.voters()) progress.set(voter.id, freshProgress(voter.directoryId, nowMs));
    this.role = {
      kind: 'leader',
      epoch: role.epoch,
      voted: role.voted,
      leaderId: self.id,
      deadlineMs: nowMs + checkQuorumMs(timing),
      epochStartOffset: log.endOffset,
      granted: role.granted,
      progress,
    };
    this.#persist();
    this.#effects.push({ kind: 'lead', epoch: role.epoch });
  }

  #resign(nowMs: number): void {
    const { epoch, voted, leaderId } = this.role;
    if (this.role.kind === 'leader') this.lastProgress = this.role.progress;
    this.role = { kind: 'resigned', epoch, voted, leaderId, deadlineMs: this.#electionDeadline(nowMs) };
    this.#effects.push({ kind: 'stopLeading', epoch });
  }

  #unattached(epoch: number, leaderId: number, voted: ReplicaKey | null, nowMs: number): void {
    const ledEpoch = this.role.kind === 'leader' ? this.role.epoch : null;
    this.role = { kind: 'unattached', epoch, leaderId, voted, deadlineMs: this.#electionDeadline(nowMs) };
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
    if (!this.#options.voters().some((voter) => voter.id === event.from)) return;
    const granted = new Set(role.granted);
    const rejected = new Set(role.rejected);
    // Where nobody listens counts as a refusal, until the voter is back and grants its vote after all.
    (event.granted ? granted : rejected).add(event.from);
    if (event.granted) rejected.delete(event.from);
    this.role = { ...role, granted, rejected };
    if (this.#isMajority(granted)) {
      if (event.preVote) this.#campaign(nowMs);
      else this.#lead(nowMs);
    } else if (this.#options.voters().length - rejected.size < majorityOf(this.#options.voters().length)) {
      // Lost: wait a random while, so that two losers do not meet again.
      const { electionBackoffMaxMs, electionTimeoutMs } = this.#options.timing;
      // A lost pre-vote has raised no epoch: to ask again soon disturbs nobody.
      const longestMs = event.preVote ? Math.min(electionBackoffMaxMs, electionTimeoutMs / 5) : electionBackoffMaxMs;
      const backoff = this.#options.random.below(Math.max(1, Math.floor(longestMs))) + 1;
      this.role = { ...this.role, deadlineMs: Math.min(role.deadlineMs, nowMs + backoff) };
    }
  }

  #grants(request: VoteRequested): boolean {
    const { role } = this;
    const { log, self } = this.#options;
    const upToDate =
      this.#options.faults?.voteForAnyone === true ||
      request.lastEpoch > log.lastEpoch ||
      (request.lastEpoch === log.lastEpoch && request.lastOffset >= log.endOffset);
    if (role.kind === 'leader') return false;
    if (request.preVote) return upToDate && !(role.kind === 'follower' && role.fetched);
    if (role.kind === 'candidate' || role.kind === 'resigned') return request.candidate.id === self.id;
    if (role.voted !== null) {
      const sameDirectory =
        role.voted.directoryId === request.candidate.directoryId ||
        isUnknown(role.voted) ||
        isUnknown(request.candidate);
      return role.voted.id === request.candidate.id && sameDirectory;
    }
    if (role.kind === 'follower' || role.leaderId !== -1) return false;
    return upToDate;
  }

  #progressed(replica: ReplicaKey, endOffset: number, nowMs: number): void {
    const { role } = this;
    if (role.kind !== 'leader') return;
    const { self, log, timing } = this.#options;
    const progress = new Map(role.progress);
    const before = progress.get(replica.id) ?? freshProgress(replica.directoryId, nowMs);
    progress.set(replica.id, {
      endOffset: Math.max(before.endOffset, endOffset),
      directoryId: replica.directoryId,
      lastFetchMs: nowMs,
      lastCaughtUpMs: endOffset >= log.endOffset ? nowMs : before.lastCaughtUpMs,
      informed: true,
    });
    let { deadlineMs } = role;
    if (replica.id !== self.id && this.#options.voters().some((voter) => voter.id === replica.id)) {
      // The deadline follows the newest moment at which a majority, this node in it, had fetched.
      const others = this.#remoteVoters()
        .map((voter) => progress.get(voter.id)?.lastFetchMs ?? 0)
        .sort((a, b) => b - a);
      const needed = majorityOf(this.#options.voters().length) - (this.isVoter ? 1 : 0);
      const reached = needed <= 0 ? nowMs : (others[needed - 1] ?? 0);
      deadlineMs = Math.max(deadlineMs, reached + checkQuorumMs(timing));
    }
    const next: Extract<QuorumRole, { kind: 'leader' }> = { ...role, progress, deadlineMs };
    this.role = next;
    this.#advance(next);
  }

  /** The largest offset that a majority of voters holds, once it covers the start of this epoch. */
  #advance(role: Extract<QuorumRole, { kind: 'leader' }>): void {
    const voters = this.#options.voters();
    const offsets = voters.map((voter) => role.progress.get(voter.id)?.endOffset ?? -1).sort((a, b) => b - a);
    const needed = this.#options.faults?.commitAlone === true ? 1 : majorityOf(voters.length);
    const reached = offsets[needed - 1] ?? -1;
    if (reached > role.epochStartOffset) this.#commit(reached);
  }

  /** What is committed stays committed: the high watermark only rises. */
  #commit(offset: number): void {
    if (offset <= (this.highWatermark ?? -1)) return;
    this.highWatermark = offset;
    this.#effects.push({ kind: 'highWatermark', offset });
  }

  #acknowledged(from: number, epoch: number): void {
    const { role } = this;
    if (role.kind !== 'leader' || role.epoch !== epoch) return;
    const before = role.progress.get(from);
    if (before === undefined) return;
    const progress = new Map(role.progress);
    progress.set(from, { ...before, informed: true });
    this.role = { ...role, progress };
  }

  #leaderEnded(epoch: number, leaderId: number, preferred: readonly number[], nowMs: number): void {
    this.#epochSeen(epoch, leaderId, nowMs);
    const { role } = this;
    if (role.kind !== 'follower' || role.epoch !== epoch || role.leaderId !== leaderId || !this.isVoter) return;
    const rank = preferred.indexOf(this.#options.self.id);
    // The one that is furthest goes first, when the others may be thought to have heard as well: until then they would
    // refuse it their pre-vote.
    const deadlineMs = rank === 0 ? nowMs + HANDOVER_MS : this.#electionDeadline(nowMs);
    this.role = { ...role, fetched: false, deadlineMs: Math.min(role.deadlineMs, deadlineMs) };
  }

  #persist(): void {
    const { epoch, leaderId, voted } = this.role;
    this.#effects.push({ kind: 'persist', state: { epoch, leaderId, voted } });
  }

  #electionDeadline(nowMs: number): number {
    const { electionTimeoutMs } = this.#options.timing;
    if (this.#isSoleVoter()) return nowMs;
    return nowMs + electionTimeoutMs + this.#options.random.below(Math.max(1, electionTimeoutMs));
  }

  /** Where nobody is known to lead an election may come early: a pre-vote disturbs no leader that there is. */
  #soon(nowMs: number): number {
    if (this.#isSoleVoter()) return nowMs;
    return (
      nowMs +
      HANDOVER_MS +
      this.#options.random.below(Math.max(1, Math.floor(this.#options.timing.electionTimeoutMs / 5)))
    );
  }

  #remoteVoters(): readonly ReplicaKey[] {
    return this.#options.voters().filter((voter) => voter.id !== this.#options.self.id);
  }

  #isSoleVoter(): boolean {
    return this.isVoter && this.#remoteVoters().length === 0;
  }

  #isMajority(ids: ReadonlySet<number>): boolean {
    const voters = this.#options.voters();
    return voters.filter((voter) => ids.has(voter.id)).length >= majorityOf(voters.length);
  }
}

export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

function checkQuorumMs(timing: ElectionTiming): number {
  return timing.fetchTimeoutMs * 1.5;
}

function freshProgress(directoryId: string, nowMs: number): ReplicaProgress {
  return { endOffset: -1, lastFetchMs: nowMs, lastCaughtUpMs: -1, directoryId, informed: false };
}

function isUnknown(key: ReplicaKey): boolean {
  return key.directoryId === 'AAAAAAAAAAAAAAAAAAAAAA';
}
