import type { TopicPartition } from '../../by-leader.ts';
import { ClientError, clientError } from '../../client-error.ts';
import type { Coordinator } from '../../coordinator.ts';
import type { GroupMetadata } from '../../producer/transaction-requests.ts';
import type { CommittedOffset } from '../positions.ts';
import { type CommitIdentity, commitOffsets, fetchCommitted, type OffsetToCommit } from './commits.ts';

const OUTSIDE: CommitIdentity = { memberId: '', generation: -1, instanceId: null };

/** One consumer's offsets in its group: committed as the member that it is, or as somebody outside of the group. */
export class Committer {
  readonly #coordinator: Coordinator;
  readonly #stable: boolean;
  readonly #member: () => CommitIdentity | null;

  /** `stable`: what is fetched waits for transactions that commit offsets (KIP-447). `member`: null outside. */
  constructor(coordinator: Coordinator, stable: boolean, member: () => CommitIdentity | null) {
    this.#coordinator = coordinator;
    this.#stable = stable;
    this.#member = member;
  }

  /** Who commits, for a producer that does it within a transaction (KIP-447). */
  get groupMetadata(): GroupMetadata {
    return { groupId: this.#coordinator.groupId, ...(this.#member() ?? OUTSIDE) };
  }

  /** Never rejects: what became of it is a value. */
  async commit(offsets: readonly OffsetToCommit[], timeoutMs: number): Promise<ClientError | null> {
    if (offsets.length === 0) return null;
    const member = this.#member();
    // Without a generation it would commit as somebody outside of the group, past the group's own members.
    if (member !== null && member.generation < 0) {
      return new ClientError('rebalanced', 'this consumer is not a member of the group now', -1, true);
    }
    try {
      await commitOffsets(this.#coordinator, member ?? OUTSIDE, offsets, timeoutMs);
      return null;
    } catch (error) {
      return clientError(error);
    }
  }

  /** What the group has committed; null where it has nothing. @throws ClientError. */
  fetch(partitions: readonly TopicPartition[], timeoutMs: number): Promise<(CommittedOffset | null)[]> {
    return fetchCommitted(this.#coordinator, partitions, this.#stable, timeoutMs);
  }
}
