import { updateRaftVoter } from '../../protocol/index.ts';
import type { Quorum } from '../../quorum/quorum.ts';
import type { Handler } from '../handler.ts';

/** A voter tells the leader where it is reached, and which levels of kraft.version it knows (KIP-853). */
export function updateRaftVoterHandler(changes: Quorum['changes']): Handler<typeof updateRaftVoter> {
  return { api: updateRaftVoter, handle: (request) => changes.update(request) };
}
