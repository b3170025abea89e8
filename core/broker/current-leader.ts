import type { MetadataImage } from '../controller/image.ts';
import { ErrorCode } from '../protocol/index.ts';

export interface NodeEndpoint {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly rack: string | null;
}

/** KIP-951: whoever asked the wrong broker learns the leader from the refusal, without a round of metadata. */
export function isWrongLeader(errorCode: number): boolean {
  return errorCode === ErrorCode.notLeaderOrFollower || errorCode === ErrorCode.fencedLeaderEpoch;
}

export function currentLeader(
  image: MetadataImage,
  topic: string,
  partition: number,
): { readonly leaderId: number; readonly leaderEpoch: number } {
  const known = image.topicsByName.get(topic)?.partitions[partition];
  return known === undefined
    ? { leaderId: -1, leaderEpoch: -1 }
    : { leaderId: known.leader, leaderEpoch: known.leaderEpoch };
}

/** Where the leaders named in a response listen, each once, on the listener of that name. */
export function leaderEndpoints(
  image: MetadataImage,
  leaderIds: Iterable<number>,
  listenerName: string,
): NodeEndpoint[] {
  const endpoints = new Map<number, NodeEndpoint>();
  for (const nodeId of leaderIds) {
    const broker = image.brokers.get(nodeId);
    const endpoint = broker?.endpoints.find((each) => each.name === listenerName);
    if (broker === undefined || endpoint === undefined || broker.fenced) continue;
    endpoints.set(nodeId, { nodeId, host: endpoint.host, port: endpoint.port, rack: broker.rack });
  }
  return [...endpoints.values()];
}
