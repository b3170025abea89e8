import { ErrorCode } from '../protocol/index.ts';
import type { Runtime, Timer } from '../runtime.ts';
import { ClassicGroup } from './classic-group.ts';
import type { CoordinatorLog } from './coordinator-log.ts';
import type { GroupFaults } from './faults.ts';
import { GroupOffsets } from './group-offsets.ts';
import { type GroupLogRecord, groupRecord } from './group-records.ts';
import { GroupLoader } from './loading.ts';
import type { Ticket } from './member.ts';
import type { GroupEffect, JoinReply, Now, SyncReply } from './messages.ts';
import type { TransactionalProducer } from './requests.ts';
import type { GroupSettings } from './settings.ts';
import { ShardWriter, type WriteOutcome } from './shard-writer.ts';

/** A group on the broker that coordinates it. */
export interface HostedGroup {
  readonly id: string;
  readonly group: ClassicGroup;
  readonly offsets: GroupOffsets;
  /** Writes whose outcome is not known yet. */
  writes: number;
  /** What waits for them. */
  whenIdle: (() => void)[];
  /** On its way out: whoever wants it is asked to come again. */
  deleting: boolean;
  timer: Timer | null;
  timerAtMs: number;
}

export interface ShardOptions {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly runtime: Pick<Runtime, 'clock' | 'timers' | 'codecs' | 'log'>;
  readonly log: CoordinatorLog;
  readonly settings: GroupSettings;
  readonly faults: GroupFaults;
}

type ShardState = 'loading' | 'active' | 'failed' | 'closed';

/** The groups of one partition of `__consumer_offsets`, for one epoch in which this broker leads it. */
export class Shard {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly groups: Map<string, HostedGroup> = new Map();
  readonly #options: ShardOptions;
  readonly #writer: ShardWriter;
  readonly #joins = new Map<Ticket, (reply: JoinReply) => void>();
  readonly #syncs = new Map<Ticket, (reply: SyncReply) => void>();
  #state: ShardState = 'loading';
  #nextTicket: Ticket = 1;
  #order = 0;

  constructor(options: ShardOptions) {
    const { partition, log, runtime, settings } = options;
    this.#options = options;
    this.partition = partition;
    this.leaderEpoch = options.leaderEpoch;
    this.#writer = new ShardWriter({
      partition,
      leaderEpoch: options.leaderEpoch,
      log,
      codecs: runtime.codecs,
      compression: settings.compression,
      logger: runtime.log,
    });
  }

  get state(): ShardState {
    return this.#state;
  }
  /** 0, or what whoever asks for a group of this shard is told. */
  get errorCode(): number {
    if (this.#state === 'active') return ErrorCode.none;
    return this.#state === 'loading' ? ErrorCode.coordinatorLoadInProgress : ErrorCode.notCoordinator;
  }

  /** Replays the log; never rejects. */
  async load(): Promise<void> {
    const { runtime, log, faults } = this.#options;
    const loader = new GroupLoader(runtime.codecs, runtime.log, faults);
    try {
      await log.replay(this.partition, (batches) => {
        if (this.#state === 'loading') loader.visit(batches);
      });
    } catch (error) {
      if (this.#state !== 'loading') return;
      this.#state = 'failed';
      runtime.log.error('groups could not be loaded', { partition: this.partition, error });
      return;
    }
    if (this.#state !== 'loading') return;
    this.#order = loader.order;
    for (const [groupId, loaded] of loader.groups) {
      if (loaded.metadata === null && loaded.offsets.isEmpty) continue;
      const hosted = this.#host(groupId, loaded.offsets);
      if (loaded.metadata !== null) hosted.group.restore(loaded.metadata);
    }
    this.#state = 'active';
    for (const hosted of [...this.groups.values()]) this.perform(hosted, hosted.group.resume(this.now()));
  }

  /** Another broker leads, or none: everything that waits here is sent away. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    for (const hosted of this.groups.values()) {
      hosted.timer?.cancel();
      this.perform(hosted, hosted.group.end(ErrorCode.notCoordinator));
    }
    this.groups.clear();
  }

  now(): Now {
    const { clock } = this.#options.runtime;
    return { monotonicMs: clock.monotonicNs() / 1e6, wallMs: clock.wallMs() };
  }

  create(groupId: string): HostedGroup {
    return this.groups.get(groupId) ?? this.#host(groupId, new GroupOffsets());
  }

  #host(id: string, offsets: GroupOffsets): HostedGroup {
    const { settings, faults } = this.#options;
    const group = new ClassicGroup(id, settings, faults);
    const hosted: HostedGroup = {
      id,
      group,
      offsets,
      writes: 0,
      whenIdle: [],
      deleting: false,
      timer: null,
      timerAtMs: Number.POSITIVE_INFINITY,
    };
    this.groups.set(id, hosted);
    return hosted;
  }

  /** A group of which nothing is known, in memory or in the log, need not be kept. */
  dropIfBlank(hosted: HostedGroup): void {
    const { group, offsets } = hosted;
    const blank = group.state === 'Empty' && group.generationId === 0 && group.pendingMembers.size === 0;
    if (blank && offsets.isEmpty && hosted.writes === 0 && group.stateChangedWallMs === null) this.forget(hosted);
  }

  forget(hosted: HostedGroup): void {
    hosted.timer?.cancel();
    if (this.groups.get(hosted.id) === hosted) this.groups.delete(hosted.id);
  }

  /** A ticket for `ask`, and the reply that the group will give to it. */
  joining(ask: (ticket: Ticket) => void): Promise<JoinReply> {
    const ticket = this.#nextTicket++;
    return new Promise((resolve) => {
      this.#joins.set(ticket, resolve);
      ask(ticket);
    });
  }

  syncing(ask: (ticket: Ticket) => void): Promise<SyncReply> {
    const ticket = this.#nextTicket++;
    return new Promise((resolve) => {
      this.#syncs.set(ticket, resolve);
      ask(ticket);
    });
  }

  perform(hosted: HostedGroup, effects: readonly GroupEffect[]): void {
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'joined':
          this.#joins.get(effect.ticket)?.(effect.reply);
          this.#joins.delete(effect.ticket);
          break;
        case 'synced':
          this.#syncs.get(effect.ticket)?.(effect.reply);
          this.#syncs.delete(effect.ticket);
          break;
        case 'persist': {
          const { writeId, record } = effect;
          this.write(hosted, [groupRecord(hosted.id, record)], ({ errorCode }) => {
            if (this.#state === 'active') this.perform(hosted, hosted.group.persisted(writeId, errorCode, this.now()));
          });
          break;
        }
        case 'wake':
          wakeAtMs = Math.min(wakeAtMs, effect.atMs);
      }
    }
    if (wakeAtMs < hosted.timerAtMs && this.#state === 'active') this.#wakeAt(hosted, wakeAtMs);
  }

  #wakeAt(hosted: HostedGroup, atMs: number): void {
    hosted.timer?.cancel();
    hosted.timerAtMs = atMs;
    hosted.timer = this.#options.runtime.timers.after(Math.max(atMs - this.now().monotonicMs, 0), () => {
      hosted.timer = null;
      hosted.timerAtMs = Number.POSITIVE_INFINITY;
      if (this.#state !== 'active') return;
      this.perform(hosted, hosted.group.tick(this.now()));
      this.dropIfBlank(hosted);
    });
  }

  /** The place in the log's order of what is written next. */
  nextOrder(): number {
    return ++this.#order;
  }

  /** `done` comes in the order of the log. */
  write(
    hosted: HostedGroup,
    records: readonly GroupLogRecord[],
    done: (outcome: WriteOutcome) => void,
    transaction: TransactionalProducer | null = null,
  ): void {
    if (this.#state !== 'active') {
      // What is not written here can be written by the next coordinator.
      void Promise.resolve().then(() => done({ errorCode: ErrorCode.notCoordinator, written: false }));
      return;
    }
    hosted.writes++;
    const settled = (outcome: WriteOutcome): void => {
      hosted.writes--;
      done(outcome);
      if (hosted.writes > 0) return;
      const idle = hosted.whenIdle;
      hosted.whenIdle = [];
      for (const callback of idle) callback();
    };
    this.#writer.write(records, this.#options.runtime.clock.wallMs(), transaction, settled);
  }

  /** Calls back once no outcome of the group's writes is open. */
  idle(hosted: HostedGroup, callback: () => void): void {
    if (hosted.writes === 0) callback();
    else hosted.whenIdle.push(callback);
  }
}
