import {
  type ApiSchema,
  addRaftVoter,
  apiVersions,
  beginQuorumEpoch,
  type Draft,
  decodeMessage,
  encodeMessage,
  endQuorumEpoch,
  fetch,
  fetchSnapshot,
  type Message,
  parseVersions,
  removeRaftVoter,
  updateRaftVoter,
  vote,
} from '../../protocol/index.ts';
import type { Random } from '../../runtime.ts';
import type { PeerAddress, PeerNetwork } from '../peers.ts';
import type { RaftQuorum } from '../raft.ts';
import type { VirtualTime } from './virtual-time.ts';

const lookup = {
  apiVersions,
  vote,
  beginQuorumEpoch,
  endQuorumEpoch,
  fetch,
  fetchSnapshot,
  addRaftVoter,
  removeRaftVoter,
  updateRaftVoter,
};

/** A member as the network sees it. */
interface Host {
  readonly id: number;
  readonly life: number;
  /** Null while nobody listens there: its address refuses connections. */
  readonly quorum: RaftQuorum | null;
}

/** Links between the members of a quorum, each way of a message up to 4.5 ms long, that a test can cut. */
export class TestNetwork {
  readonly #time: VirtualTime;
  readonly #member: (id: number) => Host;
  readonly #cut = new Set<string>();

  constructor(time: VirtualTime, member: (id: number) => Host) {
    this.#time = time;
    this.#member = member;
  }

  /** No message passes between the two, in either direction. */
  cut(a: number, b: number): void {
    this.#cut.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
  }
  heal(): void {
    this.#cut.clear();
  }

  #isCut(a: number, b: number): boolean {
    return this.#cut.has(`${Math.min(a, b)}-${Math.max(a, b)}`);
  }

  /** What this member, in its present life, reaches the others by. */
  peersOf(member: Host, random: Random): PeerNetwork {
    const { life } = member;
    const time = this.#time;
    const refusing = new Set<number>();
    return {
      request: async <A extends ApiSchema>(
        peer: PeerAddress,
        _lane: string,
        api: A,
        draft: Draft<A['request']>,
        timeoutMs: number,
      ): Promise<Message<A['response']> | null> => {
        const deadline = time.nowMs + timeoutMs;
        const lost = async (): Promise<null> => {
          await time.sleep(Math.max(0, deadline - time.nowMs));
          return null;
        };
        await time.sleep(0.5 + random.float() * 4);
        const to = Number(peer.host.slice('node-'.length));
        const target = this.#member(to).quorum;
        const isCut = this.#isCut(member.id, to);
        refusing.delete(to);
        if (target === null && !isCut) refusing.add(to);
        if (target === null) return null;
        if (isCut) return await lost();
        const version = parseVersions(api.request.versions)!.max;
        const request = decodeMessage(api.request, version, encodeMessage(api.request, version, draft));
        const answer = await answerOf(target, api, request);
        const bytes = encodeMessage(api.response, version, answer as Draft<A['response']>);
        await time.sleep(0.5 + random.float() * 4);
        if (this.#isCut(member.id, to) || time.nowMs > deadline) return await lost();
        // The answer of a process that has died meanwhile does not arrive.
        if (this.#member(to).quorum !== target || member.life !== life) return await lost();
        return decodeMessage(api.response, version, bytes) as Message<A['response']>;
      },
      refuses: (peer) => refusing.has(Number(peer.host.slice('node-'.length))),
      close: () => {},
    };
  }
}

function answerOf(target: RaftQuorum, api: ApiSchema, request: unknown): Promise<unknown> {
  switch (api.key) {
    case lookup.apiVersions.key:
      return Promise.resolve({ supportedFeatures: [{ name: 'kraft.version', minVersion: 0, maxVersion: 1 }] });
    case lookup.vote.key:
      return target.service.vote(request as Message<typeof vote.request>);
    case lookup.beginQuorumEpoch.key:
      return target.service.beginEpoch(request as Message<typeof beginQuorumEpoch.request>);
    case lookup.endQuorumEpoch.key:
      return target.service.endEpoch(request as Message<typeof endQuorumEpoch.request>);
    case lookup.fetch.key:
      return target.service.fetch(request as Message<typeof fetch.request>);
    case lookup.fetchSnapshot.key:
      return target.service.fetchSnapshot(request as Message<typeof fetchSnapshot.request>);
    case lookup.addRaftVoter.key:
      return target.changes.add(request as Message<typeof addRaftVoter.request>);
    case lookup.removeRaftVoter.key:
      return target.changes.remove(request as Message<typeof removeRaftVoter.request>);
    case lookup.updateRaftVoter.key:
      return Promise.resolve(target.changes.update(request as Message<typeof updateRaftVoter.request>));
    default:
      throw new Error(`no member answers ${api.name}`);
  }
}
