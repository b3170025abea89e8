import { fetchSnapshot } from '../../protocol/index.ts';
import type { PeerService } from '../../quorum/peer-service.ts';
import type { Handler } from '../handler.ts';

/** A piece of a snapshot of the metadata log (KIP-630). v1: directory ids (KIP-853). */
export function fetchSnapshotHandler(service: PeerService): Handler<typeof fetchSnapshot> {
  return { api: fetchSnapshot, handle: (request) => service.fetchSnapshot(request) };
}
