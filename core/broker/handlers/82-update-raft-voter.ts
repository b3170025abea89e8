import { updateRaftVoter } from '../../protocol/index.ts';
import type { PeerService } from '../../quorum/peer-service.ts';
import type { Handler } from '../handler.ts';

/** A voter tells its endpoints and its range of kraft.version, as Kafka's controllers do when they start (KIP-853). */
export function updateRaftVoterHandler(service: PeerService): Handler<typeof updateRaftVoter> {
  return { api: updateRaftVoter, handle: (request) => service.updateVoter(request) };
}
