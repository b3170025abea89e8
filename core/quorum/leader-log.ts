import type { MetadataRecord } from '../protocol/index.ts';
import type { QuorumCore } from './core.ts';
import {
  type ControlRecord,
  controlEntries,
  encodeControlRecords,
  encodeMetadataBatch,
  kraftVersionControl,
  leaderChangeControl,
  votersControl,
} from './metadata-batches.ts';
import { isSameNode, isSameVoter, type Voter, voterNode, voterOf, votersRecordOf } from './voter-set.ts';

/** What a leader writes, and how it comes to be durable. */
export class LeaderLog {
  readonly #core: QuorumCore;
  /** There is more to send to those who wait for it. */
  readonly #wake: () => void;
  #flushScheduled = false;
  #flushing: Promise<void> = Promise.resolve();

  constructor(core: QuorumCore, wake: () => void) {
    this.#core = core;
    this.#wake = wake;
  }

  /** Appends as one atomic batch; null when this node does not lead in `epoch`, or there is nothing to append. */
  append(epoch: number, records: readonly MetadataRecord[]): number | null {
    const { log, runtime } = this.#core;
    if (!this.#leadsIn(epoch) || records.length === 0) return null;
    const baseOffset = log.endOffset;
    const position = { baseOffset, epoch, nowMs: runtime.clock.wallMs() };
    if (!log.append(encodeMetadataBatch(records, position, runtime.codecs))) return null;
    this.#appended();
    return baseOffset + records.length - 1;
  }

  /**
   * Appends the record with which the epoch begins. Where the voters stand in no log yet, but in the snapshot that the
   * directory was formatted with, the leader writes them into it, for the members that were not formatted so; and where
   * it is reached elsewhere than they say, it says so (KIP-853).
   */
  begin(epoch: number): void {
    const { election, self, history } = this.#core;
    const { role } = election;
    if (role.kind !== 'leader' || role.epoch !== epoch) return;
    const voters = this.#core.voters();
    const granting = voters.filter((voter) => role.granted.has(voter.id));
    const records: ControlRecord[] = [leaderChangeControl({ leaderId: self.id, voters, granting })];
    if (history.kraftVersion >= 1 && history.inLog !== null) {
      const known = voterOf(voters, self);
      const updated = known === null ? null : this.#ownNode(known);
      if (history.inLog.offset < 0 || updated !== known) {
        const next = voters.map((voter) => (updated !== null && isSameVoter(voter, self) ? updated : voter));
        records.push(kraftVersionControl(history.kraftVersion), votersControl(votersRecordOf(next)));
      }
    }
    this.appendControl(epoch, records);
  }

  /** Appends as one batch, whose voters count from now on; the offset of its last record, null as `append`. */
  appendControl(epoch: number, records: readonly ControlRecord[]): number | null {
    const { log, runtime } = this.#core;
    if (!this.#leadsIn(epoch)) return null;
    const baseOffset = log.endOffset;
    const bytes = encodeControlRecords(records, { baseOffset, epoch, nowMs: runtime.clock.wallMs() }, runtime.codecs);
    if (!log.append(bytes)) return null;
    this.#core.controlAppended(controlEntries(bytes, runtime.codecs));
    this.#appended();
    return baseOffset + records.length - 1;
  }

  /** Resolves when no sync is under way any more. */
  async settled(): Promise<void> {
    await this.#flushing;
  }

  #leadsIn(epoch: number): boolean {
    const { election, isOpen } = this.#core;
    return isOpen && election.role.kind === 'leader' && election.role.epoch === epoch;
  }

  /** This node as a voter; `known` itself where that says the same, or this node does not know where it is reached. */
  #ownNode(known: Voter): Voter {
    const { endpoints, self, listenerName } = this.#core;
    if (endpoints.length === 0) return known;
    const own = voterNode(self, endpoints, listenerName);
    return isSameNode(known, own) ? known : own;
  }

  /** Once per turn: what was appended in it is sent to those who wait for it, and made durable by one sync. */
  #appended(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    const { log, runtime } = this.#core;
    runtime.timers.endOfTurn(() => {
      this.#flushScheduled = false;
      if (!this.#core.isOpen) return;
      this.#wake();
      const upTo = log.endOffset;
      this.#flushing = log.flush().then(
        () => this.#core.post({ kind: 'flushed', offset: upTo }),
        (error: unknown) => this.#core.failed(error),
      );
    });
  }
}
