import type { BrokerConfig } from '../config/index.ts';
import { ZERO_UUID } from '../protocol/index.ts';
import type { ReplicaKey } from './election-types.ts';
import type { QuorumFaults } from './faults.ts';
import type { PeerAddress } from './peers.ts';
import { VoterHistory } from './voter-history.ts';
import { KRAFT_VERSIONS, type Voter, type VoterEndpoint, voterNode } from './voter-set.ts';

export interface MembersOptions {
  readonly config: BrokerConfig;
  readonly self: ReplicaKey;
  /** Where this node is reached; empty where it does not know. */
  readonly endpoints: readonly VoterEndpoint[];
  readonly listenerName: string;
  readonly faults: QuorumFaults;
}

/** Who takes part, and where each is reached, as this member knows it. */
export class Members {
  readonly history: VoterHistory;
  readonly #options: MembersOptions;
  #leaderAddress: PeerAddress | null = null;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.history = new VoterHistory(configuredVoters(options), options.listenerName);
  }

  get voters(): readonly Voter[] {
    const { voters } = this.history;
    if (this.#options.faults.anyDirectoryVotes !== true) return voters;
    return voters.map((voter) => ({ ...voter, directoryId: ZERO_UUID }));
  }

  /** False: this node is a quorum of its own for as long as it lives. */
  get mayFollow(): boolean {
    const { inLog, voters } = this.history;
    const { config, self } = this.#options;
    if (inLog !== null || config.quorumBootstrapServers.length > 0) return true;
    return voters.some((voter) => voter.id !== self.id);
  }

  addressOf(id: number): PeerAddress | null {
    const voter = this.history.voters.find((one) => one.id === id);
    const known = voter === undefined || voter.host === '' ? null : voter;
    const told = this.#leaderAddress?.id === id ? this.#leaderAddress : null;
    // Voters in the log may have moved since; those of a configuration are where it says.
    return this.history.kraftVersion >= 1 ? (told ?? known) : (known ?? told);
  }

  /** As `addressOf`, of this node too. */
  whereIs(id: number): PeerAddress | null {
    return id === this.#options.self.id ? this.ownAddress : this.addressOf(id);
  }

  /** Where this node is reached by the listener that the members use; null where it does not know. */
  get ownAddress(): PeerAddress | null {
    const { self, endpoints, listenerName } = this.#options;
    const endpoint = endpoints.find(({ name }) => name === listenerName);
    return endpoint === undefined ? null : { id: self.id, host: endpoint.host, port: endpoint.port };
  }

  /** A leader is reached there, as it or another member says. */
  leaderAddressLearned(address: PeerAddress): void {
    if (address.id >= 0 && address.id !== this.#options.self.id && address.host !== '') this.#leaderAddress = address;
  }
}

function configuredVoters({ config, self, endpoints, listenerName: name }: MembersOptions): readonly Voter[] {
  const { quorumVoters, quorumBootstrapServers } = config;
  if (quorumVoters.length > 0) {
    return quorumVoters.map(({ id, host, port }) =>
      voterNode({ id, directoryId: ZERO_UUID }, [{ name, host, port }], name),
    );
  }
  if (quorumBootstrapServers.length > 0) return [];
  return [{ ...self, host: '', port: 0, endpoints, kraftVersions: KRAFT_VERSIONS }];
}
