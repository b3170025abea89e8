import { beginQuorumEpoch } from '../../protocol/index.ts';
import type { PeerService } from '../../quorum/peer-service.ts';
import type { Handler } from '../handler.ts';

/** A new leader makes itself known to the voters (KIP-595). v1: its endpoints (KIP-853). */
export function beginQuorumEpochHandler(service: PeerService): Handler<typeof beginQuorumEpoch> {
  return { api: beginQuorumEpoch, handle: (request) => service.beginEpoch(request) };
}
