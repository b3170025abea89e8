import { vote } from '../../protocol/index.ts';
import type { PeerService } from '../../quorum/peer-service.ts';
import type { Handler } from '../handler.ts';

/** A member asks for a vote (KIP-595). v1: directory ids (KIP-853); v2: pre-votes (KIP-996). */
export function voteHandler(service: PeerService): Handler<typeof vote> {
  return { api: vote, handle: (request) => service.vote(request) };
}
