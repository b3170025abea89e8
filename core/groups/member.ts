/** A request that waits in a group: the shell keeps its answer under this number. */
export type Ticket = number;

/** An assignment protocol that a member can use, and what it has to say to the leader under it. */
export interface MemberProtocol {
  readonly name: string;
  readonly metadata: Uint8Array;
}

/** A member of a classic group. Times are milliseconds of the monotonic clock. */
export interface Member {
  readonly id: string;
  /** group.instance.id of a static member (KIP-345). */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  /** In order of preference. */
  protocols: readonly MemberProtocol[];
  assignment: Uint8Array;
  /** Has not been answered yet: it does not know its id and cannot send heartbeats. */
  isNew: boolean;
  join: Ticket | null;
  sync: Ticket | null;
  /** When it is dropped unless it is heard of. */
  deadlineMs: number;
}

/** A waiting member proves by waiting that it lives, but for a new one, whose client may be gone for good. */
export function expectsHeartbeat(member: Member): boolean {
  return member.isNew || (member.join === null && member.sync === null);
}

export function protocolMetadata(member: Member, name: string | null): Uint8Array {
  return member.protocols.find((protocol) => protocol.name === name)?.metadata ?? NOTHING;
}

export const NOTHING: Uint8Array = new Uint8Array(0);

/** Whether two lists say the same, in the same order. */
export function sameProtocols(left: readonly MemberProtocol[], right: readonly MemberProtocol[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ name, metadata }, index) => {
      const other = right[index]!;
      return name === other.name && sameBytes(metadata, other.metadata);
    })
  );
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
