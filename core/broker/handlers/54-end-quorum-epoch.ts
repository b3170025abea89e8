import { endQuorumEpoch } from '../../protocol/index.ts';
import type { PeerService } from '../../quorum/peer-service.ts';
import type { Handler } from '../handler.ts';

/** A leader steps down and says who should follow it (KIP-595). v1: directory ids (KIP-853). */
export function endQuorumEpochHandler(service: PeerService): Handler<typeof endQuorumEpoch> {
  return { api: endQuorumEpoch, handle: (request) => service.endEpoch(request) };
}
