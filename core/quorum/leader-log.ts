import type { MetadataRecord } from '../protocol/index.ts';
import type { QuorumCore } from './core.ts';
import { encodeLeaderChange, encodeMetadataBatch } from './metadata-batches.ts';

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
    const { election, log, runtime, isOpen } = this.#core;
    const { role } = election;
    if (!isOpen || role.kind !== 'leader' || role.epoch !== epoch || records.length === 0) return null;
    const baseOffset = log.endOffset;
    const position = { baseOffset, epoch, nowMs: runtime.clock.wallMs() };
    if (!log.append(encodeMetadataBatch(records, position, runtime.codecs))) return null;
    this.#appended();
    return baseOffset + records.length - 1;
  }

  /** Appends the record with which the epoch begins. */
  begin(epoch: number): void {
    const { election, log, runtime, self } = this.#core;
    const { role } = election;
    if (role.kind !== 'leader' || role.epoch !== epoch) return;
    const voters = this.#core.voters();
    const granting = voters.filter((voter) => role.granted.has(voter.id));
    const bytes = encodeLeaderChange(
      { leaderId: self.id, voters, granting },
      { baseOffset: log.endOffset, epoch, nowMs: runtime.clock.wallMs() },
      runtime.codecs,
    );
    if (log.append(bytes)) this.#appended();
  }

  /** Resolves when no sync is under way any more. */
  async settled(): Promise<void> {
    await this.#flushing;
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
