import { ErrorCode, errorInfo } from '../../../protocol/index.ts';
import type { Runtime } from '../../../runtime.ts';
import { backoffMs } from '../../backoff.ts';
import type { TopicPartition } from '../../by-leader.ts';
import { ClientError, clientError, refusal } from '../../client-error.ts';
import type { Cluster } from '../../cluster.ts';
import type { Coordinator } from '../../coordinator.ts';
import type { ConsumerConfig } from '../config.ts';
import type { CommitIdentity } from './commits.ts';
import { sendLeave } from './heartbeat.ts';
import { type JoinOutcome, joinOnce } from './join.ts';
import { JoinedSubscription } from './joined-subscription.ts';
import { Liveness } from './liveness.ts';
import type { RebalanceListener } from './rebalance-listener.ts';

export interface MembershipEvents {
  /** What is read from now on. */
  assign(partitions: readonly TopicPartition[]): void;
  /** Commits what was processed, before partitions are given up; does nothing without auto commit. */
  commitBeforeRevocation(): Promise<void>;
  /** A waiting poll has something to do. */
  arrived(): void;
}

type MemberState =
  /** No member, or one that has to join again. `reason` is told to the broker (KIP-800). */
  | { readonly kind: 'unjoined'; readonly reason: string }
  | { readonly kind: 'joining'; outcome: JoinOutcome | ClientError | null }
  | { readonly kind: 'stable' };

/** One member of a classic group: joins, keeps its session alive, and gives up and takes partitions (KIP-62, KIP-429). */
export class Membership {
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #config: ConsumerConfig;
  readonly #coordinator: Coordinator;
  readonly #events: MembershipEvents;
  readonly #liveness: Liveness;
  readonly #listener: RebalanceListener;
  readonly #topics: () => readonly string[];
  #state: MemberState = { kind: 'unjoined', reason: 'the consumer subscribed' };
  #memberId = '';
  #generation = -1;
  #owned: readonly TopicPartition[] = [];
  /** Why what is owned is not ours any more; the next poll tells the listener. */
  #lostReason: string | null = null;
  #fatal: ClientError | null = null;
  #joined: JoinedSubscription = new JoinedSubscription([]);
  #joinFailures = 0;
  #notBeforeNs = 0;
  #closed = false;

  constructor(
    runtime: Runtime,
    cluster: Cluster,
    config: ConsumerConfig,
    coordinator: Coordinator,
    topics: () => readonly string[],
    listener: RebalanceListener,
    events: MembershipEvents,
  ) {
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#coordinator = coordinator;
    this.#topics = topics;
    this.#listener = listener;
    this.#events = events;
    const { values } = config;
    const intervals = {
      heartbeatMs: values['heartbeat.interval.ms'],
      sessionMs: values['session.timeout.ms'],
      pollMsMax: values['max.poll.interval.ms'],
    };
    this.#liveness = new Liveness(runtime, coordinator, intervals, {
      member: () => (this.#isBeating ? this.identity : null),
      pollExpired: () => this.#pollExpired(),
      answered: (errorCode, generation) => this.#heartbeatAnswered(errorCode, generation),
    });
  }

  get identity(): CommitIdentity {
    const instanceId = this.#config.values['group.instance.id'];
    return { memberId: this.#memberId, generation: this.#generation, instanceId };
  }

  pollBegins(): void {
    this.#liveness.pollBegins();
  }

  pollEnds(): void {
    this.#liveness.pollEnds();
  }

  /**
   * Does what is due, with the listener's calls. Returns when there is something to do after a pause; Infinity for
   * never (the events tell). @throws ClientError when the member cannot go on.
   */
  async step(): Promise<number> {
    if (this.#lostReason !== null) await this.#tellLost();
    if (this.#fatal !== null) throw this.#fatal;
    if (this.#state.kind === 'stable') {
      const reason = this.#joined.outdated(this.#topics(), this.#cluster.metadata);
      if (reason !== null) this.#rejoin(reason);
    }
    if (this.#state.kind === 'unjoined') {
      if (this.#runtime.clock.monotonicNs() < this.#notBeforeNs) return this.#notBeforeNs;
      await this.#startJoining(this.#state.reason);
    }
    if (this.#state.kind === 'joining' && this.#state.outcome !== null) await this.#finishJoining(this.#state.outcome);
    return this.#state.kind === 'unjoined' ? this.#notBeforeNs : Number.POSITIVE_INFINITY;
  }

  /** Gives everything up and leaves the group; a static member only gives up (its session keeps its place). */
  async leave(timeoutMs: number, reason: string): Promise<void> {
    this.#closed = true;
    this.#liveness.stop();
    if (this.#owned.length > 0) {
      const owned = this.#owned;
      if (this.#lostReason !== null) await this.#tellLost();
      else {
        await this.#events.commitBeforeRevocation();
        await this.#listener.revoked?.(owned, this.#generation);
      }
      this.#owned = [];
    }
    this.#events.assign([]);
    await this.#leaveGroup(timeoutMs, reason);
  }

  /** Best effort: a broker that does not hear of it notices when the session is over. Never rejects. */
  async #leaveGroup(timeoutMs: number, reason: string): Promise<void> {
    // A static member keeps its place until its session is over (KIP-345).
    if (this.#memberId === '' || this.identity.instanceId !== null) return;
    try {
      await sendLeave(this.#coordinator, this.#memberId, timeoutMs, reason);
    } catch (error) {
      this.#runtime.log.debug('could not leave the group', { reason: clientError(error).message });
    }
  }

  #rejoin(reason: string): void {
    if (this.#closed) return;
    this.#state = { kind: 'unjoined', reason };
    this.#events.arrived();
  }

  async #tellLost(): Promise<void> {
    const lost = this.#owned;
    this.#lostReason = null;
    this.#owned = [];
    const generation = this.#generation;
    this.#generation = -1;
    this.#events.assign([]);
    if (lost.length === 0) return;
    const { lost: tell = this.#listener.revoked } = this.#listener;
    await tell?.call(this.#listener, lost, generation);
  }

  /** The group has gone on without this member. */
  #forgotten(reason: string): void {
    this.#lostReason = reason;
    this.#memberId = '';
    this.#rejoin(reason);
  }

  /** Cooperative only if every assignor is: then a member keeps reading while it rejoins. */
  get #isCooperative(): boolean {
    return this.#config.assignors.every((name) => name === 'cooperative-sticky');
  }

  async #startJoining(reason: string): Promise<void> {
    if (this.#owned.length > 0 && !this.#isCooperative) {
      const owned = this.#owned;
      await this.#events.commitBeforeRevocation();
      await this.#listener.revoked?.(owned, this.#generation);
      this.#owned = [];
      this.#events.assign([]);
    }
    // The session lives on while the listener works; from here on JoinGroup itself keeps it alive.
    this.#liveness.stop();
    const state: MemberState = { kind: 'joining', outcome: null };
    this.#state = state;
    const { values, assignors } = this.#config;
    this.#joined = new JoinedSubscription(this.#topics());
    const request = {
      memberId: this.#memberId,
      instanceId: values['group.instance.id'],
      topics: this.#joined.topics,
      owned: this.#owned,
      generation: this.#generation,
      rackId: values['client.rack'] === '' ? null : values['client.rack'],
      assignors,
      sessionTimeoutMs: values['session.timeout.ms'],
      rebalanceTimeoutMs: values['max.poll.interval.ms'],
      reason,
    };
    const ended = (outcome: JoinOutcome | ClientError): void => {
      state.outcome = outcome;
      this.#events.arrived();
    };
    void joinOnce(this.#cluster, this.#coordinator, request, values['default.api.timeout.ms']).then(ended, (error) =>
      ended(clientError(error)),
    );
  }

  async #finishJoining(outcome: JoinOutcome | ClientError): Promise<void> {
    if (outcome instanceof ClientError) {
      this.#state = { kind: 'unjoined', reason: outcome.message };
      // The coordinator may be away for a while; a refusal stays one.
      if (outcome.kind === 'timeout' || outcome.kind === 'disconnected') this.#pause();
      else this.#fatal = outcome;
      if (this.#fatal !== null) throw this.#fatal;
      return;
    }
    if (outcome.kind === 'forgotten') {
      this.#forgotten(outcome.reason);
      await this.#tellLost();
      return;
    }
    if (outcome.kind === 'again') {
      this.#memberId = outcome.memberId;
      this.#state = { kind: 'unjoined', reason: outcome.reason };
      if (outcome.pause) this.#pause();
      this.#events.arrived();
      return;
    }
    this.#joinFailures = 0;
    this.#memberId = outcome.memberId;
    this.#joined.basis = outcome.basis;
    await this.#take(outcome.assigned, outcome.generation);
  }

  async #take(assigned: readonly TopicPartition[], generation: number): Promise<void> {
    const before = this.#owned;
    const revoked = without(before, assigned);
    const added = without(assigned, before);
    this.#generation = generation;
    this.#state = { kind: 'stable' };
    this.#liveness.start();
    if (revoked.length > 0) {
      await this.#events.commitBeforeRevocation();
      await this.#listener.revoked?.(revoked, generation);
    }
    this.#owned = assigned;
    this.#events.assign(assigned);
    await this.#listener.assigned?.(added, generation);
    // What was given up can go to its new owner only in another round.
    if (revoked.length > 0) this.#rejoin('partitions were given up');
  }

  #pause(): void {
    const { values } = this.#config;
    const { clock, random } = this.#runtime;
    const delayMs = backoffMs(this.#joinFailures++, values['retry.backoff.ms'], values['retry.backoff.max.ms'], random);
    this.#notBeforeNs = clock.monotonicNs() + delayMs * 1e6;
  }

  get #isBeating(): boolean {
    return !this.#closed && this.#state.kind !== 'joining' && this.#generation >= 0;
  }

  #pollExpired(): void {
    this.#runtime.log.warn('no poll within max.poll.interval.ms: leaving the group', {
      group: this.#coordinator.groupId,
    });
    void this.#leaveGroup(this.#config.values['request.timeout.ms'], 'consumer poll timeout has expired');
    this.#forgotten('no poll within max.poll.interval.ms');
  }

  #heartbeatAnswered(errorCode: number, generation: number): void {
    if (generation !== this.#generation || this.#state.kind === 'joining') return;
    switch (errorCode) {
      case ErrorCode.none:
        return;
      case ErrorCode.rebalanceInProgress:
        if (this.#state.kind === 'stable') this.#rejoin('the group is rebalancing');
        return;
      case ErrorCode.unknownMemberId:
      case ErrorCode.illegalGeneration:
        this.#forgotten(errorInfo(errorCode).name);
        return;
      default:
        this.#coordinator.notice(errorCode);
        if (errorInfo(errorCode).retriable) return;
        this.#lostReason = errorInfo(errorCode).name;
        this.#fatal = refusal(`group ${this.#coordinator.groupId}`, errorCode, null, true);
        this.#events.arrived();
    }
  }
}

function without(from: readonly TopicPartition[], others: readonly TopicPartition[]): TopicPartition[] {
  const keys = new Set(others.map(({ topic, partition }) => `${topic} ${partition}`));
  return from.filter(({ topic, partition }) => !keys.has(`${topic} ${partition}`));
}
