import {
  ErrorCode,
  findCoordinator,
  heartbeat,
  type JoinGroupRequest,
  joinGroup,
  leaveGroup,
  offsetCommit,
  offsetFetch,
  syncGroup,
} from '../../protocol/index.ts';
import type { Timers } from '../../runtime.ts';
import type { FakeBroker, Reply } from './fake-broker.ts';

type JoinReply = Reply<{
  errorCode: number;
  generationId?: number;
  protocolType?: string;
  protocolName?: string;
  leader?: string;
  memberId?: string;
  members?: { memberId: string; groupInstanceId: string | null; metadata: Uint8Array }[];
}>;

export interface FakeMember {
  request: JoinGroupRequest;
  /** Waits for the round to be complete. */
  joined: ((reply: JoinReply) => void) | null;
  synced: ((assignment: Uint8Array | null) => void) | null;
}

/** A classic group's coordinator without sessions: members go only when they leave or the test kicks them. */
export class FakeGroup {
  generation = 0;
  readonly members: Map<string, FakeMember> = new Map();
  /** Committed offsets by "topic partition". */
  readonly committed: Map<string, number> = new Map();
  /** Who committed what, in order: "topic partition offset generation". */
  readonly commits: string[] = [];
  /** Answered to every OffsetCommit instead of committing, while it is not 0. */
  commitError = 0;
  readonly #timers: Timers;
  #state: 'empty' | 'preparing' | 'completing' | 'stable' = 'empty';
  #memberNumber = 0;
  #assignments = new Map<string, Uint8Array>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  serve(broker: FakeBroker, oldest: boolean): void {
    const at = (version: number): number | undefined => (oldest ? version : undefined);
    const found = { nodeId: broker.port, host: broker.host, port: broker.port };
    broker.on(
      findCoordinator,
      (request, version) => ({
        kind: 'answer',
        body: version >= 4 ? { coordinators: request.coordinatorKeys.map((key) => ({ key, ...found })) } : found,
      }),
      at(0),
    );
    broker.on(joinGroup, (request, version) => this.#join(request, version), at(0));
    broker.on(
      syncGroup,
      async (request) => {
        const error = this.#refusal(request.memberId, request.generationId);
        if (error !== 0) return { kind: 'answer', body: { errorCode: error } };
        const assignment = await this.#sync(request.memberId, request.assignments);
        const body = assignment === null ? { errorCode: ErrorCode.rebalanceInProgress } : { assignment };
        return { kind: 'answer', body };
      },
      at(0),
    );
    broker.on(
      heartbeat,
      (request) => {
        const error = this.#refusal(request.memberId, request.generationId);
        const rebalancing = this.#state === 'preparing' ? ErrorCode.rebalanceInProgress : 0;
        return { kind: 'answer', body: { errorCode: error !== 0 ? error : rebalancing } };
      },
      at(0),
    );
    broker.on(
      leaveGroup,
      (request) => {
        const ids = request.members.length > 0 ? request.members.map((member) => member.memberId) : [request.memberId];
        for (const id of ids) this.kick(id);
        return { kind: 'answer', body: {} };
      },
      at(0),
    );
    this.#serveOffsets(broker, at);
  }

  /** The member is gone; the others have to join again. */
  kick(memberId: string): void {
    if (!this.members.delete(memberId)) return;
    if (this.members.size === 0) this.#state = 'empty';
    else this.#prepare();
  }

  #serveOffsets(broker: FakeBroker, at: (version: number) => number | undefined): void {
    broker.on(
      offsetCommit,
      (request) => {
        const generation = request.generationIdOrMemberEpoch;
        const isMember = request.memberId !== '';
        const errorCode =
          this.commitError !== 0 ? this.commitError : isMember ? this.#refusal(request.memberId, generation) : 0;
        const topics = request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, committedOffset }) => {
            if (errorCode === 0) {
              this.committed.set(`${name} ${partitionIndex}`, committedOffset);
              this.commits.push(`${name} ${partitionIndex} ${committedOffset} ${generation}`);
            }
            return { partitionIndex, errorCode };
          }),
        }));
        return { kind: 'answer', body: { topics } };
      },
      at(2),
    );
    broker.on(
      offsetFetch,
      (request, version) => {
        const asked = version >= 8 ? request.groups[0]!.topics : request.topics;
        const topics = (asked ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            committedOffset: this.committed.get(`${name} ${partitionIndex}`) ?? -1,
            metadata: '',
          })),
        }));
        const body = version >= 8 ? { groups: [{ groupId: request.groups[0]!.groupId, topics }] } : { topics };
        return { kind: 'answer', body };
      },
      at(1),
    );
  }

  #refusal(memberId: string, generation: number): number {
    if (!this.members.has(memberId)) return ErrorCode.unknownMemberId;
    return generation === this.generation ? 0 : ErrorCode.illegalGeneration;
  }

  #join(request: JoinGroupRequest, version: number): JoinReply | Promise<JoinReply> {
    let { memberId } = request;
    if (memberId === '') {
      memberId = `member-${++this.#memberNumber}`;
      if (version >= 4) return { kind: 'answer', body: { errorCode: ErrorCode.memberIdRequired, memberId } };
    } else if (this.#memberNumber < Number(memberId.slice('member-'.length))) {
      return { kind: 'answer', body: { errorCode: ErrorCode.unknownMemberId } };
    } else if (!this.members.has(memberId) && this.members.size > 0 && this.generation > 0 && version < 4) {
      return { kind: 'answer', body: { errorCode: ErrorCode.unknownMemberId } };
    }
    return new Promise((resolve) => {
      this.members.set(memberId, { request, joined: resolve, synced: null });
      this.#prepare();
      // Members that are on their way get a moment; Kafka waits for the rebalance timeout.
      this.#timers.after(30, () => this.#completeRound());
    });
  }

  #prepare(): void {
    this.#state = 'preparing';
    this.#assignments = new Map();
    for (const member of this.members.values()) {
      member.synced?.(null);
      member.synced = null;
    }
    this.#completeRound();
  }

  #completeRound(): void {
    if (this.#state !== 'preparing') return;
    const all = [...this.members];
    if (all.length === 0 || all.some(([, member]) => member.joined === null)) return;
    this.#state = 'completing';
    this.generation++;
    const [leader] = all[0]!;
    const offered = all.map(([, { request }]) => request.protocols.map((protocol) => protocol.name));
    const protocolName = offered[0]!.find((name) => offered.every((names) => names.includes(name)))!;
    const members = all.map(([memberId, { request }]) => ({
      memberId,
      groupInstanceId: request.groupInstanceId,
      metadata: request.protocols.find((protocol) => protocol.name === protocolName)!.metadata,
    }));
    for (const [memberId, member] of all) {
      const common = { errorCode: 0, generationId: this.generation, protocolType: 'consumer', protocolName, leader };
      member.joined!({ kind: 'answer', body: { ...common, memberId, members: memberId === leader ? members : [] } });
      member.joined = null;
    }
  }

  #sync(
    memberId: string,
    assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[],
  ): Promise<Uint8Array | null> {
    const member = this.members.get(memberId)!;
    return new Promise((resolve) => {
      if (this.#state === 'preparing') {
        resolve(null);
        return;
      }
      if (this.#state === 'stable') {
        resolve(this.#assignments.get(memberId) ?? new Uint8Array(0));
        return;
      }
      member.synced = resolve;
      if (assignments.length === 0) return;
      this.#assignments = new Map(assignments.map((one) => [one.memberId, one.assignment]));
      this.#state = 'stable';
      for (const [id, waiting] of this.members) {
        waiting.synced?.(this.#assignments.get(id) ?? new Uint8Array(0));
        waiting.synced = null;
      }
    });
  }
}
