import { consumerProtocolSubscription, encodeVersioned, type GroupMetadataValueDraft } from '../../protocol/index.ts';
import { ClassicGroup } from '../classic-group.ts';
import type { GroupFaults } from '../faults.ts';
import type { ClassicGroupSettings } from '../group-core.ts';
import type { GroupEffect, JoinReply, JoinRequest, Now, SyncReply } from '../messages.ts';

const encoder = new TextEncoder();
export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytes = (value: string): Uint8Array => encoder.encode(value);

export function subscription(...topics: string[]): Uint8Array {
  return encodeVersioned(consumerProtocolSubscription, 1, { topics });
}

/** A join or sync under way: its reply when it has come. */
export interface Call<R> {
  reply: R | null;
}

/** One group's state machine with a clock, whose writes succeed at once unless they are held. */
export class GroupDriver {
  readonly group: ClassicGroup;
  nowMs = 1000;
  /** Records in the order in which they were written. */
  readonly records: GroupMetadataValueDraft[] = [];
  holdWrites = false;
  readonly held: number[] = [];
  #nextTicket = 1;
  #nextId = 1;
  readonly #joins = new Map<number, Call<JoinReply>>();
  readonly #syncs = new Map<number, Call<SyncReply>>();

  constructor(settings: Partial<ClassicGroupSettings> = {}, faults: GroupFaults = {}) {
    const all = { initialRebalanceDelayMs: 3000, groupSizeMax: 1000, ...settings };
    this.group = new ClassicGroup('g', all, faults);
  }

  get now(): Now {
    return { monotonicMs: this.nowMs, wallMs: 1_700_000_000_000 + this.nowMs };
  }
  get openCalls(): number {
    return this.#joins.size + this.#syncs.size;
  }

  join(request: Partial<JoinRequest> = {}): Call<JoinReply> {
    const call: Call<JoinReply> = { reply: null };
    const ticket = this.#nextTicket++;
    this.#joins.set(ticket, call);
    const full: JoinRequest = {
      memberId: '',
      instanceId: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription('t') }],
      newMemberId: `m${this.#nextId++}`,
      requiresKnownMemberId: false,
      canSkipAssignment: false,
      ...request,
    };
    this.perform(this.group.join(full, ticket, this.now));
    return call;
  }

  sync(memberId: string, assignments: Record<string, string> = {}, instanceId: string | null = null): Call<SyncReply> {
    const call: Call<SyncReply> = { reply: null };
    const ticket = this.#nextTicket++;
    this.#syncs.set(ticket, call);
    const request = {
      memberId,
      instanceId,
      generationId: this.group.generationId,
      protocolType: null,
      protocolName: null,
      assignments: Object.entries(assignments).map(([id, value]) => ({ memberId: id, assignment: bytes(value) })),
    };
    this.perform(this.group.sync(request, ticket, this.now));
    return call;
  }

  heartbeat(
    memberId: string,
    generationId: number = this.group.generationId,
    instanceId: string | null = null,
  ): number {
    return this.group.heartbeat(memberId, instanceId, generationId, this.now);
  }

  leave(memberId: string, instanceId: string | null = null): number {
    const { results, effects } = this.group.leave([{ memberId, instanceId }], this.now);
    this.perform(effects);
    return results[0]!.errorCode;
  }

  /** Time goes on, with every deadline met on its own moment. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const next = this.group.nextDeadlineMs();
      if (next > endMs) break;
      this.nowMs = Math.max(next, this.nowMs);
      this.perform(this.group.tick(this.now));
    }
    this.nowMs = endMs;
  }

  release(errorCode = 0): void {
    for (const writeId of this.held.splice(0)) this.perform(this.group.persisted(writeId, errorCode, this.now));
  }

  /** Members that are all in one stable generation, the first of them the leader; each assigned its own id. */
  stable(count: number, request: Partial<JoinRequest> = {}): string[] {
    const calls = Array.from({ length: count }, () => this.join(request));
    while (calls.some(({ reply }) => reply === null)) this.pass(500);
    const ids = calls.map((call) => call.reply!.memberId);
    for (const id of ids)
      this.sync(id, id === this.group.leaderId ? Object.fromEntries(ids.map((each) => [each, each])) : {});
    return ids;
  }

  perform(effects: readonly GroupEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'joined') {
        this.#joins.get(effect.ticket)!.reply = effect.reply;
        this.#joins.delete(effect.ticket);
      } else if (effect.kind === 'synced') {
        this.#syncs.get(effect.ticket)!.reply = effect.reply;
        this.#syncs.delete(effect.ticket);
      } else if (effect.kind === 'persist') {
        this.records.push(effect.record);
        if (this.holdWrites) this.held.push(effect.writeId);
        else this.perform(this.group.persisted(effect.writeId, 0, this.now));
      }
    }
  }
}
