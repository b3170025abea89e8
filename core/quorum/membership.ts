import { addRaftVoter, ErrorCode, removeRaftVoter, updateRaftVoter } from '../protocol/index.ts';
import type { Timer } from '../runtime.ts';
import type { QuorumCore } from './core.ts';
import type { PeerAddress } from './peers.ts';
import { isSameNode, KRAFT_VERSIONS, voterNode, voterOf } from './voter-set.ts';

/** Before the first time that a leader is asked: it has just been found, and this node has to catch up with it. */
const FIRST_WAIT_MS = 50;
/** What a follower may have to ask: `tell` is an update that the leader keeps in mind only, at kraft.version 0. */
type Wish = 'update' | 'tell' | 'join' | 'removeFormer';

/** How long the leader may take to add or remove a voter, as a request says it. */
const CHANGE_TIMEOUT_MS = 10_000;

/**
 * What a follower asks of its leader about its own vote (KIP-853): that the voters say where it is reached now, and, with
 * `controller.quorum.auto.join.enable`, that it become a voter, once the voter that it was with another disk is none any
 * more. Asked again, ever less often, until it is so: while its disk is new the quorum has a voter less than it should.
 * At kraft.version 0 nothing stands in the log, and a voter of the configuration tells each new leader: without that a
 * leader does not know that all of them could go on with kraft.version 1.
 */
export class Membership {
  readonly #core: QuorumCore;
  #timer: Timer | null = null;
  #waitMs = FIRST_WAIT_MS;
  #asking = false;
  /** The leader of this epoch has been told. */
  #toldEpoch = -1;

  constructor(core: QuorumCore) {
    this.#core = core;
  }

  /** The voters, or the leader, may be others. */
  consider(): void {
    if (this.#timer !== null || this.#asking) return;
    const due = this.#wish();
    if (due === null) {
      this.#waitMs = FIRST_WAIT_MS;
      return;
    }
    const { runtime, config } = this.#core;
    const waitMsMax = config.number('controller.quorum.fetch.timeout.ms');
    // Nobody waits to be told; Kafka's followers take as long.
    this.#timer = runtime.timers.after(due.what === 'tell' ? waitMsMax : this.#waitMs, () => {
      this.#timer = null;
      this.#waitMs = Math.min(2 * this.#waitMs, waitMsMax);
      const wish = this.#wish();
      if (wish === null) return;
      this.#asking = true;
      const done = (): void => {
        this.#asking = false;
        this.consider();
      };
      this.#ask(wish.what, wish.leader, wish.epoch).then(done, (error: unknown) => this.#core.failed(error));
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** What to ask of whom; null while there is nothing to wish, or nobody to ask. */
  #wish(): {
    readonly what: Wish;
    readonly leader: PeerAddress;
    readonly epoch: number;
  } | null {
    const { isOpen, election, history, self, endpoints, listenerName, config } = this.#core;
    const { role } = election;
    if (!isOpen || role.kind !== 'follower' || endpoints.length === 0) return null;
    const leader = this.#core.addressOf(role.leaderId);
    if (leader === null) return null;
    const { epoch } = role;
    const known = voterOf(history.voters, self);
    if (history.kraftVersion < 1) {
      return known === null || this.#toldEpoch === epoch ? null : { what: 'tell', leader, epoch };
    }
    if (known !== null) {
      return isSameNode(known, voterNode(self, endpoints, listenerName)) ? null : { what: 'update', leader, epoch };
    }
    if (!config.isController || !config.boolean('controller.quorum.auto.join.enable')) return null;
    const former = history.voters.some(({ id }) => id === self.id);
    return { what: former ? 'removeFormer' : 'join', leader, epoch };
  }

  async #ask(what: Wish, leader: PeerAddress, epoch: number): Promise<void> {
    const { peers, clusterId, self, endpoints, history, runtime, config } = this.#core;
    const timeoutMs = config.number('controller.quorum.request.timeout.ms');
    const own = { voterId: self.id, voterDirectoryId: self.directoryId };
    let errorCode: number | null = null;
    if (what === 'update' || what === 'tell') {
      const { min, max } = KRAFT_VERSIONS;
      const kRaftVersionFeature = { minSupportedVersion: min, maxSupportedVersion: max };
      const draft = { clusterId, currentLeaderEpoch: epoch, ...own, listeners: endpoints, kRaftVersionFeature };
      errorCode = (await peers.request(leader, 'election', updateRaftVoter, draft, timeoutMs))?.errorCode ?? null;
    } else if (what === 'join') {
      const draft = { clusterId, timeoutMs: CHANGE_TIMEOUT_MS, ...own, listeners: endpoints, ackWhenCommitted: false };
      errorCode = (await peers.request(leader, 'election', addRaftVoter, draft, timeoutMs))?.errorCode ?? null;
    } else {
      const former = history.voters.find(({ id }) => id === self.id);
      if (former === undefined) return;
      const draft = { clusterId, voterId: self.id, voterDirectoryId: former.directoryId };
      errorCode = (await peers.request(leader, 'election', removeRaftVoter, draft, timeoutMs))?.errorCode ?? null;
    }
    // One that knows no kraft.version 1 will not learn it in this epoch.
    const told = errorCode === ErrorCode.none || errorCode === ErrorCode.unsupportedVersion;
    if (what === 'tell' && told) this.#toldEpoch = epoch;
    if (errorCode !== ErrorCode.none) runtime.log.info('asked the quorum in vain', { what, errorCode });
  }
}
