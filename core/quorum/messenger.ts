import { apiVersions, beginQuorumEpoch, endQuorumEpoch, vote } from '../protocol/index.ts';
import type { Timer } from '../runtime.ts';
import type { QuorumCore } from './core.ts';
import { progressKey } from './replica-progress.ts';
import {
  beginDraft,
  endDraft,
  type LeaderIdentity,
  leaderAddressIn,
  type NodeEndpoint,
  partitionAnswer,
  voteDraft,
} from './voter-messages.ts';
import type { Voter } from './voter-set.ts';
import { majorityOf } from './voting.ts';

/** Before a voter is dialled again at whose address nobody listened: it may be starting. Doubled each time. */
const REDIAL_MS = 1;
/** How long a member that leaves tells the others so. */
const FAREWELL_MS = 1000;
/** How long a voter may take to show that it runs. */
const PROBE_TIMEOUT_MS = 500;
/** A null so close to the deadline may be the timeout itself, by a clock a little off. */
const PROBE_MARGIN_MS = 100;

/** What a member sends to the voters: requests for votes, word of its leadership, and of its end. */
export class VoterMessenger {
  readonly #core: QuorumCore;
  #informTimer: Timer | null = null;
  readonly #running = new Set<Promise<void>>();

  constructor(core: QuorumCore) {
    this.#core = core;
  }

  /** Asks every other voter, again and again until it answers or the election is over. */
  requestVotes(epoch: number, preVote: boolean): void {
    for (const voter of this.#others()) this.#track(this.#requestVote(voter, epoch, preVote));
  }

  /** Tells the voters that do not fetch who leads, now and every half fetch timeout while it leads. */
  informVoters(): void {
    this.#informTimer?.cancel();
    this.#informTimer = null;
    const { role } = this.#core.election;
    if (role.kind !== 'leader' || !this.#core.isOpen) return;
    const intervalMs = this.#core.config.number('controller.quorum.fetch.timeout.ms') / 2;
    const nowMs = this.#core.runtime.clock.monotonicNs() / 1e6;
    for (const voter of this.#others()) {
      const progress = role.progress.get(progressKey(voter, this.#core.voters()));
      const silent = progress === undefined || progress.endOffset < 0 || nowMs - progress.lastFetchMs >= intervalMs;
      if (silent) this.#track(this.#inform(voter, role.epoch));
    }
    this.#informTimer = this.#core.runtime.timers.after(intervalMs, () => this.informVoters());
  }

  /** This node leads no more: the voter that is furthest may try first. Resolves when all were told, or could not be. */
  async #announceEnd(epoch: number): Promise<void> {
    const { election, clusterId } = this.#core;
    const others = this.#others();
    const voters = this.#core.voters();
    const ahead = (voter: Voter): number => election.lastProgress.get(progressKey(voter, voters))?.endOffset ?? -1;
    const preferred = [...others].sort((a, b) => ahead(b) - ahead(a) || a.id - b.id);
    await Promise.all(
      others.map(async (voter) => {
        const draft = endDraft(clusterId, this.#identity(epoch), preferred);
        const response = await this.#core.peers.request(voter, 'election', endQuorumEpoch, draft, this.#timeoutMs());
        if (response !== null) this.#learn(partitionAnswer(response), response.nodeEndpoints);
      }),
    );
  }

  /** This node leads no more. Bounded: the others find out by themselves. */
  farewell(epoch: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#core.runtime.timers.after(FAREWELL_MS, resolve);
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      this.#announceEnd(epoch).then(done, done);
    });
  }

  /** `farewell`, without waiting for it. */
  sayFarewell(epoch: number): void {
    this.#track(this.farewell(epoch));
  }

  /** See `RaftQuorum.majorityIsDown`. */
  async majorityIsDown(): Promise<boolean> {
    const others = this.#others();
    const down = await Promise.all(others.map((voter) => this.#isDown(voter)));
    const voters = this.#core.voters().length;
    if (voters === 0) return false;
    const left = voters - down.filter((one) => one).length;
    return left < majorityOf(voters);
  }

  /** True when the voter cannot be connected to, which shows well before an answer would be late. */
  async #isDown(voter: Voter): Promise<boolean> {
    const { peers, runtime } = this.#core;
    const deadlineNs = runtime.clock.monotonicNs() + PROBE_TIMEOUT_MS * 1e6;
    const client = { clientSoftwareName: 'faultline', clientSoftwareVersion: '1' };
    const response = await peers.request(voter, 'control', apiVersions, client, PROBE_TIMEOUT_MS);
    return response === null && runtime.clock.monotonicNs() < deadlineNs - PROBE_MARGIN_MS * 1e6;
  }

  /** Stops repeating; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#informTimer?.cancel();
    this.#informTimer = null;
    await Promise.all(this.#running);
  }

  async #requestVote(voter: Voter, epoch: number, preVote: boolean): Promise<void> {
    const { election, log, self, clusterId, runtime, config } = this.#core;
    const wanted = preVote ? 'prospective' : 'candidate';
    let redialMs = REDIAL_MS;
    while (this.#core.isOpen && election.role.kind === wanted && election.role.epoch === epoch) {
      const draft = voteDraft(clusterId, voter, {
        epoch,
        candidate: self,
        lastEpoch: log.lastEpoch,
        lastOffset: log.endOffset,
        preVote,
      });
      const response = await this.#core.peers.request(voter, 'election', vote, draft, this.#timeoutMs());
      const answer = response === null ? null : partitionAnswer(response);
      if (response !== null && answer !== null) {
        this.#learn(answer, response.nodeEndpoints);
        const said = answer.errorCode === 0 && answer.voteGranted === true ? 'granted' : 'refused';
        this.#core.post({ kind: 'voteAnswered', from: voter.id, epoch, preVote, answer: said });
        return;
      }
      const longestMs = config.number('controller.quorum.retry.backoff.ms');
      if (this.#core.peers.refuses?.(voter) === true) {
        this.#core.post({ kind: 'voteAnswered', from: voter.id, epoch, preVote, answer: 'unreachable' });
        await runtime.timers.sleep(Math.min(redialMs, longestMs));
        redialMs *= 2;
      } else await runtime.timers.sleep(longestMs);
    }
  }

  async #inform(voter: Voter, epoch: number): Promise<void> {
    const { clusterId } = this.#core;
    const draft = beginDraft(clusterId, voter, this.#identity(epoch));
    const response = await this.#core.peers.request(voter, 'election', beginQuorumEpoch, draft, this.#timeoutMs());
    const answer = response === null ? null : partitionAnswer(response);
    if (response === null || answer === null) return;
    this.#learn(answer, response.nodeEndpoints);
    if (answer.errorCode === 0) this.#core.post({ kind: 'leaderAcknowledged', from: voter, epoch });
  }

  #identity(epoch: number): LeaderIdentity {
    const { self, endpoints, history } = this.#core;
    return { id: self.id, epoch, endpoints: history.kraftVersion >= 1 ? endpoints : [] };
  }

  #learn(
    answer: { readonly leaderId: number; readonly leaderEpoch: number } | null,
    endpoints: readonly NodeEndpoint[],
  ): void {
    if (answer === null || answer.leaderEpoch < 0) return;
    const address = leaderAddressIn(endpoints, answer.leaderId);
    if (address !== null) this.#core.members.leaderAddressLearned(address);
    this.#core.post({ kind: 'epochSeen', epoch: answer.leaderEpoch, leaderId: answer.leaderId });
  }

  #timeoutMs(): number {
    return this.#core.config.number('controller.quorum.request.timeout.ms');
  }

  #others(): readonly Voter[] {
    // A voter of this node's own id and another directory would be reached where this node is.
    const { self } = this.#core;
    return this.#core.voters().filter((voter) => voter.id !== self.id);
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.then(
      () => {
        this.#running.delete(tracked);
      },
      (error: unknown) => {
        this.#running.delete(tracked);
        this.#core.failed(error);
      },
    );
    this.#running.add(tracked);
  }
}
