import {
  type AddRaftVoterRequest,
  type AddRaftVoterResponseDraft,
  apiVersions,
  ErrorCode,
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterResponseDraft,
  type UpdateRaftVoterRequest,
  type UpdateRaftVoterResponseDraft,
  ZERO_UUID,
} from '../protocol/index.ts';
import type { Timer } from '../runtime.ts';
import type { QuorumCore } from './core.ts';
import type { ReplicaKey } from './election-types.ts';
import { KraftVersionUpgrade } from './kraft-version-upgrade.ts';
import type { LeaderLog } from './leader-log.ts';
import { votersControl } from './metadata-batches.ts';
import { type LeaderRole, progressKey } from './replica-progress.ts';
import {
  isSameVoter,
  type KraftVersions,
  replicasText,
  replicaText,
  type Voter,
  type VoterEndpoint,
  voterNode,
  votersRecordOf,
} from './voter-set.ts';

/** Why a change of the voters was refused, in Kafka's words; or that it was made. */
interface Verdict {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

interface Pending {
  /** Null while the new voter is asked what it supports. */
  offset: number | null;
  answer: (verdict: Verdict) => void;
  readonly timer: Timer;
}

const DONE: Verdict = { errorCode: ErrorCode.none, errorMessage: null };
/** A new voter has had everything at some moment of the last hour, and goes on fetching. */
const CAUGHT_UP_MS = 3_600_000;

/**
 * Changes of the voters at the leader (KIP-853), one at a time: the next begins when the record of the one before is
 * committed, so that of two sets in a row any two majorities have a voter in common.
 */
export class VoterChanges {
  readonly #core: QuorumCore;
  readonly #leaderLog: LeaderLog;
  readonly #upgrade: KraftVersionUpgrade;
  /** This node has been removed. */
  readonly #leave: () => void;
  #pending: Pending | null = null;

  constructor(core: QuorumCore, leaderLog: LeaderLog, leave: () => void) {
    this.#core = core;
    this.#leaderLog = leaderLog;
    this.#upgrade = new KraftVersionUpgrade(core, leaderLog);
    this.#leave = leave;
  }

  async add(request: AddRaftVoterRequest): Promise<AddRaftVoterResponseDraft> {
    const replica = { id: request.voterId, directoryId: request.voterDirectoryId };
    const endpoints = endpointsOf(request.listeners);
    const refusal = this.#refusal(request.clusterId, 'Add', replica) ?? this.#withoutListener(endpoints);
    if (refusal !== null) return refusal;
    const busy = this.#busy('adding');
    if (busy !== null) return busy;
    const voters = this.#core.voters();
    if (voters.some(({ id }) => id === replica.id)) {
      const message = `The voter id for ${replicaText(replica)} is already part of the set of voters ${replicasText(voters)}.`;
      return { errorCode: ErrorCode.duplicateVoter, errorMessage: message };
    }
    const { promise, pending } = this.#begin(null);
    await this.#ask(pending, voterNode(replica, endpoints, this.#core.listenerName), request.ackWhenCommitted);
    return await promise;
  }

  async remove(request: RemoveRaftVoterRequest): Promise<RemoveRaftVoterResponseDraft> {
    const replica = { id: request.voterId, directoryId: request.voterDirectoryId };
    const refusal = this.#refusal(request.clusterId, 'Remove', replica) ?? this.#busy('removing');
    if (refusal !== null) return refusal;
    const voters = this.#core.voters();
    const left = voters.filter((voter) => voter.id !== replica.id || voter.directoryId !== replica.directoryId);
    if (left.length === voters.length || left.length === 0) {
      const message = `Cannot remove voter ${replicaText(replica)} from the set of voters ${replicasText(voters)}`;
      return { errorCode: ErrorCode.voterNotFound, errorMessage: message };
    }
    const offset = this.#append(left);
    if (offset === null) return notLeader;
    return await this.#begin(offset).promise;
  }

  /** A voter is reached elsewhere, or supports other levels of kraft.version. Answered before it is committed. */
  update(request: UpdateRaftVoterRequest): UpdateRaftVoterResponseDraft {
    const { errorCode } = this.#update(request);
    const { election, members } = this.#core;
    const { leader } = election;
    const address = members.whereIs(leader.id);
    const currentLeader = {
      leaderId: leader.id,
      leaderEpoch: leader.epoch,
      host: address?.host ?? '',
      port: address?.port ?? 0,
    };
    return { errorCode, currentLeader };
  }

  /** Raises kraft.version to `level`, or says why it cannot be. */
  upgrade(level: number, validateOnly: boolean): string | null {
    const role = this.#leads();
    if (role === null) return 'Invalid upgrade of kraft.version: not the leader';
    return this.#upgrade.upgrade(role, level, validateOnly);
  }

  /** All below `offset` is committed. */
  committed(offset: number): void {
    const pending = this.#pending;
    if (pending !== null && pending.offset !== null && offset > pending.offset) this.#end(pending, DONE);
    const { self, history } = this.#core;
    const { inLog } = history;
    if (inLog === null || inLog.offset >= offset || this.#leads() === null) return;
    // A leader that votes no more leads until that is committed, though not by its own count.
    if (!inLog.voters.some((voter) => isSameVoter(voter, self))) this.#leave();
  }

  /** This node may not lead any more, or not this epoch. */
  roleChanged(): void {
    if (this.#pending !== null && this.#leads() === null) this.#end(this.#pending, notLeader);
  }

  #update(request: UpdateRaftVoterRequest): Verdict {
    const replica = { id: request.voterId, directoryId: request.voterDirectoryId };
    const refusal = this.#refusal(request.clusterId, 'Update', replica, request.currentLeaderEpoch);
    if (refusal !== null) return refusal;
    const endpoints = endpointsOf(request.listeners);
    if (this.#withoutListener(endpoints) !== null) return { errorCode: ErrorCode.invalidRequest, errorMessage: null };
    const busy = this.#busy('updating');
    if (busy !== null && busy.errorCode !== ErrorCode.unsupportedVersion) return busy;
    const { minSupportedVersion: min, maxSupportedVersion: max } = request.kRaftVersionFeature;
    if (!this.#isSupported({ min, max })) return { errorCode: ErrorCode.invalidRequest, errorMessage: null };
    const voters = this.#core.voters();
    const updated = voterNode(replica, endpoints, this.#core.listenerName, { min, max });
    if (!voters.some((voter) => isSameVoter(voter, replica))) return { ...DONE, errorCode: ErrorCode.voterNotFound };
    if (busy !== null) {
      this.#upgrade.tell(updated);
      return DONE;
    }
    const next = voters.map((voter) => (isSameVoter(voter, replica) ? updated : voter));
    return this.#append(next) === null ? notLeader : DONE;
  }

  #refusal(clusterId: string | null, what: string, replica: ReplicaKey, leaderEpoch?: number): Verdict | null {
    const { election } = this.#core;
    if (clusterId !== null && clusterId !== this.#core.clusterId) {
      const errorMessage = `The given id "${clusterId}" doesn't match the cluster id "${this.#core.clusterId}"`;
      return { errorCode: ErrorCode.inconsistentClusterId, errorMessage };
    }
    const role = this.#leads();
    if (leaderEpoch !== undefined) {
      if (leaderEpoch < election.role.epoch) return { errorCode: ErrorCode.fencedLeaderEpoch, errorMessage: null };
      if (leaderEpoch > election.role.epoch) return { errorCode: ErrorCode.unknownLeaderEpoch, errorMessage: null };
    }
    if (role === null) return notLeader;
    if (replica.id < 0 || replica.directoryId === ZERO_UUID) {
      const errorMessage = `${what} voter request didn't include a valid voter`;
      return { errorCode: ErrorCode.invalidRequest, errorMessage };
    }
    return null;
  }

  #withoutListener(endpoints: readonly VoterEndpoint[]): Verdict | null {
    const { listenerName } = this.#core;
    if (endpoints.some(({ name }) => name === listenerName)) return null;
    const shown = endpoints.map(({ name, host, port }) => `ListenerName(${name})=${host}/<unresolved>:${port}`);
    const errorMessage = `Add voter request didn't include the endpoint (Endpoints(endpoints={${shown.join(', ')}})) for the default listener ListenerName(${listenerName})`;
    return { errorCode: ErrorCode.invalidRequest, errorMessage };
  }

  /** Why no change can begin now. */
  #busy(doing: 'adding' | 'removing' | 'updating'): Verdict | null {
    const { election, history } = this.#core;
    const timedOut = (message: string): Verdict => ({
      errorCode: ErrorCode.requestTimedOut,
      errorMessage: `Request timed out waiting for ${message}`,
    });
    if (this.#pending !== null) return timedOut('leader to handle previous voter change request');
    const role = this.#leads();
    const highWatermark = election.highWatermark ?? -1;
    if (role === null || highWatermark <= role.epochStartOffset) {
      return timedOut('leader to establish HWM and fence previous voter changes');
    }
    if (history.kraftVersion < 1 || history.inLog === null) {
      const errorMessage = `Cluster doesn't support ${doing} voter because the kraft.version feature is ${history.kraftVersion}`;
      return { errorCode: ErrorCode.unsupportedVersion, errorMessage };
    }
    const { offset } = history.inLog;
    if (offset < highWatermark) return null;
    return timedOut(`voters to commit the latest voter change at Optional[${offset}] with HWM ${highWatermark}`);
  }

  #begin(offset: number | null): { readonly promise: Promise<Verdict>; readonly pending: Pending } {
    const { runtime, config } = this.#core;
    let answer: (verdict: Verdict) => void = () => {};
    const promise = new Promise<Verdict>((resolve) => {
      answer = resolve;
    });
    const timer = runtime.timers.after(config.number('controller.quorum.request.timeout.ms'), () =>
      this.#end(pending, { errorCode: ErrorCode.requestTimedOut, errorMessage: null }),
    );
    const pending: Pending = { offset, answer, timer };
    this.#pending = pending;
    return { promise, pending };
  }

  #end(pending: Pending, verdict: Verdict): void {
    pending.timer.cancel();
    pending.answer(verdict);
    if (this.#pending === pending) this.#pending = null;
  }

  /** Asks the new voter what it supports, and takes it in when it has all that this leader has. */
  async #ask(pending: Pending, voter: Voter, ackWhenCommitted: boolean): Promise<void> {
    const { peers, config } = this.#core;
    const client = { clientSoftwareName: 'faultline', clientSoftwareVersion: '1' };
    const timeoutMs = config.number('controller.quorum.request.timeout.ms');
    const ask = () => peers.request(voter, 'control', apiVersions, client, timeoutMs);
    let response = await ask();
    // A connection that was left of the node's last life: the next one is its own.
    if (response === null && this.#pending === pending) response = await ask();
    if (this.#pending !== pending) return;
    const name = replicaText(voter);
    if (response === null || response.errorCode !== ErrorCode.none) {
      const errorMessage = 'Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE';
      this.#end(pending, { errorCode: ErrorCode.requestTimedOut, errorMessage });
      return;
    }
    const range = response.supportedFeatures.find((feature) => feature.name === 'kraft.version');
    const supported: KraftVersions = { min: range?.minVersion ?? 0, max: range?.maxVersion ?? 0 };
    if (!this.#isSupported(supported)) {
      const errorMessage = `Aborted add voter operation for ${name} since the kraft.version range (min: ${supported.min}, max: ${supported.max}) doesn't support the finalized version ${this.#core.history.kraftVersion}`;
      this.#end(pending, { errorCode: ErrorCode.invalidRequest, errorMessage });
      return;
    }
    if (!this.#isCaughtUp(voter)) {
      const errorMessage = `Aborted add voter operation for ${name} since it is lagging behind`;
      this.#end(pending, { errorCode: ErrorCode.requestTimedOut, errorMessage });
      return;
    }
    const next = [...this.#core.voters(), { ...voter, kraftVersions: supported }].sort((a, b) => a.id - b.id);
    pending.offset = this.#append(next);
    if (pending.offset === null) this.#end(pending, notLeader);
    else if (!ackWhenCommitted) pending.answer(DONE);
  }

  #append(voters: readonly Voter[]): number | null {
    return this.#leaderLog.appendControl(this.#core.election.role.epoch, [votersControl(votersRecordOf(voters))]);
  }

  #isSupported({ min, max }: KraftVersions): boolean {
    const { kraftVersion } = this.#core.history;
    return min <= kraftVersion && kraftVersion <= max;
  }

  #isCaughtUp(replica: ReplicaKey): boolean {
    const role = this.#leads();
    const progress = role?.progress.get(progressKey(replica, this.#core.voters()));
    if (progress === undefined || progress.lastCaughtUpMs < 0) return false;
    return this.#core.runtime.clock.monotonicNs() / 1e6 - progress.lastFetchMs < CAUGHT_UP_MS;
  }

  #leads(): LeaderRole | null {
    const { election, isOpen } = this.#core;
    return isOpen && election.role.kind === 'leader' ? election.role : null;
  }
}

const notLeader: Verdict = { errorCode: ErrorCode.notLeaderOrFollower, errorMessage: null };

function endpointsOf(listeners: readonly VoterEndpoint[]): readonly VoterEndpoint[] {
  return listeners.map(({ name, host, port }) => ({ name, host, port }));
}
