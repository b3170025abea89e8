import { ErrorCode } from '../protocol/index.ts';
import type { Member } from './member.ts';

/** The members of a group in the order in which they came, by id and by instance id, and which of them leads. */
export class Members {
  readonly #byId = new Map<string, Member>();
  /** Member id by group.instance.id. */
  readonly #statics = new Map<string, string>();
  #leaderId: string | null = null;

  get byId(): ReadonlyMap<string, Member> {
    return this.#byId;
  }
  get size(): number {
    return this.#byId.size;
  }
  get leaderId(): string | null {
    return this.#leaderId;
  }
  [Symbol.iterator](): IterableIterator<Member> {
    return this.#byId.values();
  }
  get(memberId: string): Member | undefined {
    return this.#byId.get(memberId);
  }
  /** The static member of that instance id. */
  ofInstance(instanceId: string | null): Member | undefined {
    const memberId = instanceId === null ? undefined : this.#statics.get(instanceId);
    return memberId === undefined ? undefined : this.#byId.get(memberId);
  }

  /** 0, or why a request of this member is not taken (KIP-345: a static member's former id is fenced). */
  errorOf(memberId: string, instanceId: string | null): number {
    if (instanceId !== null) {
      const current = this.#statics.get(instanceId);
      if (current === undefined) return ErrorCode.unknownMemberId;
      if (current !== memberId) return ErrorCode.fencedInstanceId;
    }
    return this.#byId.has(memberId) ? ErrorCode.none : ErrorCode.unknownMemberId;
  }

  /** As the log has them. */
  restore(members: readonly Member[], leaderId: string | null): void {
    this.#byId.clear();
    this.#statics.clear();
    for (const member of members) this.add(member);
    this.#leaderId = leaderId;
  }

  /** The first to come leads. */
  add(member: Member): void {
    this.#byId.set(member.id, member);
    if (member.instanceId !== null) this.#statics.set(member.instanceId, member.id);
    this.#leaderId ??= member.id;
  }

  remove(member: Member): void {
    this.#byId.delete(member.id);
    if (member.instanceId !== null && this.#statics.get(member.instanceId) === member.id) {
      this.#statics.delete(member.instanceId);
    }
    if (this.#leaderId === member.id) this.#leaderId = this.#byId.keys().next().value ?? null;
  }

  /** Puts one member in the place of another, also in the order of members. */
  replace(before: Member, after: Member): void {
    const members = [...this].map((each) => (each === before ? after : each));
    this.restore(members, this.#leaderId === before.id ? after.id : this.#leaderId);
  }

  /** The leader keeps its place if it has come back, else the first that has takes it; false when none has. */
  electLeader(): boolean {
    const leader = this.#leaderId === null ? undefined : this.#byId.get(this.#leaderId);
    if (leader !== undefined && leader.join !== null) return true;
    for (const member of this) {
      if (member.join === null) continue;
      this.#leaderId = member.id;
      return true;
    }
    return false;
  }

  /** Of those that wait for the next generation. */
  joinedCount(): number {
    let joined = 0;
    for (const { join } of this) if (join !== null) joined++;
    return joined;
  }

  /** A rebalance gives its members as long as the most patient of them asks for. */
  rebalanceTimeoutMs(): number {
    let timeoutMs = 0;
    for (const member of this) timeoutMs = Math.max(timeoutMs, member.rebalanceTimeoutMs);
    return timeoutMs;
  }
}
