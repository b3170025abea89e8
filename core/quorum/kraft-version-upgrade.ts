import { ZERO_UUID } from '../protocol/index.ts';
import type { QuorumCore } from './core.ts';
import type { LeaderLog } from './leader-log.ts';
import { kraftVersionControl, votersControl } from './metadata-batches.ts';
import { type LeaderRole, progressKey } from './replica-progress.ts';
import { isSameVoter, type Voter, voterNode, votersRecordOf } from './voter-set.ts';

/**
 * From voters of the configuration to voters of the log (KIP-853): kraft.version is raised in one batch with the voters
 * as the log has them from then on.
 */
export class KraftVersionUpgrade {
  readonly #core: QuorumCore;
  readonly #leaderLog: LeaderLog;
  /** What voters of the configuration said of themselves to the leader of `told.epoch`. */
  #told: { readonly epoch: number; readonly voters: ReadonlyMap<number, Voter> } = { epoch: -1, voters: new Map() };

  constructor(core: QuorumCore, leaderLog: LeaderLog) {
    this.#core = core;
    this.#leaderLog = leaderLog;
  }

  /** Remembered for the day on which the voters are written into the log. */
  tell(voter: Voter): void {
    const { epoch } = this.#core.election.role;
    const before = this.#told.epoch === epoch ? this.#told.voters : [];
    this.#told = { epoch, voters: new Map([...before, [voter.id, voter]]) };
  }

  /**
   * Why kraft.version cannot be raised to this level; null when it is. Where nothing is to be done, or only asked,
   * nothing is appended.
   */
  upgrade(role: LeaderRole, level: number, validateOnly: boolean): string | null {
    const { history } = this.#core;
    if (level === history.kraftVersion) return null;
    const voters = level === 1 && history.kraftVersion === 0 ? this.#votersWithDirectories(role) : null;
    if (voters === null) {
      return `Invalid upgrade of kraft.version to ${level} because not all of the voters support it`;
    }
    if (validateOnly) return null;
    this.#leaderLog.appendControl(role.epoch, [kraftVersionControl(level), votersControl(votersRecordOf(voters))]);
    return null;
  }

  /**
   * The voters of the configuration as the log is to have them. Their directories are those that they fetch with; who
   * tells one (Fetch v17, KIP-853) knows kraft.version 1. Null: not all of them have told.
   */
  #votersWithDirectories(role: LeaderRole): readonly Voter[] | null {
    const { self, endpoints, listenerName } = this.#core;
    const voters = this.#core.voters();
    const complete = voters.map((voter) => {
      const own = isSameVoter(voter, self) && endpoints.length > 0 ? voterNode(self, endpoints, listenerName) : null;
      const directoryId = role.progress.get(progressKey(voter, voters))?.directoryId ?? ZERO_UUID;
      const told = this.#told.epoch === role.epoch ? this.#told.voters.get(voter.id) : undefined;
      return own ?? told ?? { ...voter, directoryId };
    });
    const all = complete.every(
      ({ directoryId, host, kraftVersions }) => directoryId !== ZERO_UUID && host !== '' && kraftVersions.max >= 1,
    );
    return all ? complete : null;
  }
}
