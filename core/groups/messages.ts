/** What members ask of a classic group and what they are told: the newest protocol version's shape, without the wire. */
import type { GroupMetadataValueDraft } from '../protocol/index.ts';
import type { MemberProtocol, Ticket } from './member.ts';

export interface JoinRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly MemberProtocol[];
  /** For a member without id: the id that it gets. */
  readonly newMemberId: string;
  /** KIP-394 (v4): a member comes back with the id that it was given before it counts. */
  readonly requiresKnownMemberId: boolean;
  /** KIP-814 (v9): a static leader that returns may be told that its assignment stands. */
  readonly canSkipAssignment: boolean;
}

export interface JoinReply {
  readonly errorCode: number;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** For the leader alone. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly metadata: Uint8Array;
  }[];
}

export interface SyncRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generationId: number;
  /** Null from clients that do not say (before v5). */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[];
}

export interface SyncReply {
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

export interface LeavingMember {
  readonly memberId: string;
  readonly instanceId: string | null;
}

export interface LeftMember extends LeavingMember {
  readonly errorCode: number;
}

/** The two clocks, as of one event. */
export interface Now {
  /** Timeouts count on this one. */
  readonly monotonicMs: number;
  /** What is stored and shown. */
  readonly wallMs: number;
}

/** What a step of the state machine asks of the shell, in order. */
export type GroupEffect =
  | { readonly kind: 'joined'; readonly ticket: Ticket; readonly reply: JoinReply }
  | { readonly kind: 'synced'; readonly ticket: Ticket; readonly reply: SyncReply }
  /** Write the group's record, then call `persisted` with the same id. */
  | { readonly kind: 'persist'; readonly writeId: number; readonly record: GroupMetadataValueDraft }
  /** Call `tick` no later than this. */
  | { readonly kind: 'wake'; readonly atMs: number };

export function joinRefused(errorCode: number, memberId: string): JoinReply {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  };
}

export function syncRefused(errorCode: number): SyncReply {
  return { errorCode, protocolType: null, protocolName: null, assignment: new Uint8Array(0) };
}
