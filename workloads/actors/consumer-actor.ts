import { EVENT, GAP } from '../history.ts';
import { ENVELOPE_HEADER, type Envelope, readEnvelope } from '../load/envelope.ts';
import { consumerSettings } from '../settings.ts';
import type { CommitOffset, ConsumerDriver, ConsumerEvents, PolledBatch, PolledGap, TopicPartition } from './driver.ts';
import type { Environment } from './environment.ts';
import type { ConsumerSeat } from './roster.ts';

const POLL_MS = 200;

interface Owned {
  readonly topic: string;
  readonly partition: number;
  readonly index: number;
  readonly generation: number;
  /** The position where reading began was written down. */
  started: boolean;
  /** Everything below was processed; -1 before the first batch. */
  processed: number;
  committed: number;
}

/**
 * One consumer of the workload: polls, processes, commits what it has processed. Automatic commits are made here and not
 * by the client, so that the history knows of each; they keep the client's meaning (`enable.auto.commit`: every
 * `auto.commit.interval.ms` and when partitions are given back; otherwise after each poll).
 */
export class ConsumerActor implements ConsumerEvents {
  readonly seat: ConsumerSeat;
  readonly #environment: Environment;
  readonly #client: ConsumerDriver;
  readonly #reader: number;
  readonly #commitIntervalNs: number;
  readonly #owned = new Map<number, Owned>();
  readonly #envelope: Envelope = { writer: 0, sequence: 0, intendedNs: 0 };
  #lastCommitNs = 0;
  #commits = 0;
  #running = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(environment: Environment, seat: ConsumerSeat) {
    this.seat = seat;
    this.#environment = environment;
    this.#reader = environment.positions.readerOf(seat.actor);
    const settings = consumerSettings(seat.spec);
    this.#commitIntervalNs = settings.autoCommit ? settings.autoCommitIntervalMs * 1e6 : 0;
    const config: Record<string, string> = { ...seat.spec.client, 'enable.auto.commit': 'false' };
    const partitions = seat.group === null ? manualShare(environment, seat) : [];
    this.#client = environment.driver.consumer(
      seat.name,
      { group: seat.group, topics: seat.topics, partitions },
      config,
      this,
    );
  }

  connect(): Promise<void> {
    return this.#client.start();
  }

  run(): void {
    this.#running = true;
    this.#loop = this.#poll();
  }

  pause(): void {
    this.#client.pause();
  }

  resume(): void {
    this.#client.resume();
  }

  /** Ends after the poll under way, commits, leaves. */
  async stop(timeoutMs: number): Promise<void> {
    this.#running = false;
    await this.#loop;
    await this.#commit();
    await this.#client.close(timeoutMs);
  }

  assigned(partitions: readonly TopicPartition[], generation: number): void {
    for (const { topic, partition } of partitions) {
      const index = this.#environment.roster.partitionIndex(topic, partition);
      if (index < 0) continue;
      this.#owned.set(index, { topic, partition, index, generation, started: false, processed: -1, committed: -1 });
    }
    if (this.seat.group !== null) void this.#askCommitted(partitions);
  }

  async revoked(partitions: readonly TopicPartition[], generation: number): Promise<void> {
    await this.#commit();
    this.#drop(partitions, generation, false);
  }

  lost(partitions: readonly TopicPartition[], generation: number): void {
    this.#drop(partitions, generation, true);
  }

  #drop(partitions: readonly TopicPartition[], generation: number, lost: boolean): void {
    const { roster, history } = this.#environment;
    for (const { topic, partition } of partitions) {
      const index = roster.partitionIndex(topic, partition);
      if (!this.#owned.delete(index)) continue;
      history.write(EVENT.revoke, this.#environment.now(), this.seat.actor, index, -1, -1, generation, lost ? 1 : 0);
    }
  }

  async #poll(): Promise<void> {
    while (this.#running) {
      const batches = await this.#pollOnce();
      const nowNs = this.#environment.now();
      let records = 0;
      for (const batch of batches) records += this.#take(batch, nowNs);
      if (this.seat.spec.processingNs > 0 && records > 0) {
        await this.#environment.runtime.timers.sleep((records * this.seat.spec.processingNs) / 1e6);
      }
      for (const batch of batches) this.#processed(batch);
      if (this.seat.group === null || records === 0) {
        if (this.#commitIntervalNs > 0) await this.#commitWhenDue();
        continue;
      }
      if (this.#commitIntervalNs === 0) await this.#commit();
      else await this.#commitWhenDue();
    }
  }

  /** An error of the client is written down, and the consumer goes on: an application would be restarted as well. */
  async #pollOnce(): Promise<readonly PolledBatch[]> {
    try {
      return await this.#client.poll(POLL_MS);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#environment.problem(`${this.seat.name}: ${message}`);
      await this.#environment.runtime.timers.sleep(POLL_MS);
      return [];
    }
  }

  /** Writes down what a batch gave to the application; returns how many records. */
  #take(batch: PolledBatch, nowNs: number): number {
    const { roster, history, measurement, run } = this.#environment;
    const { actor } = this.seat;
    const index = roster.partitionIndex(batch.topic, batch.partition);
    const owned = this.#owned.get(index);
    if (index < 0 || owned === undefined) return 0;
    if (!owned.started) {
      owned.started = true;
      const position = batch.gaps[0]?.from ?? batch.fromOffset;
      history.write(EVENT.assign, nowNs, actor, index, position, -1, owned.generation, -1);
    }
    for (const gap of batch.gaps) {
      history.write(EVENT.gap, nowNs, actor, index, gap.from, -1, gap.to, gapReason(gap));
    }
    let records = 0;
    const envelope = this.#envelope;
    while (batch.next()) {
      records++;
      const known = readCarried(batch, run, envelope);
      measurement.consumed(known ? envelope.intendedNs : null, nowNs, Math.max(0, batch.valueLength));
      const writer = known ? envelope.writer : -1;
      const sequence = known ? envelope.sequence : -1;
      history.write(EVENT.read, nowNs, actor, index, batch.offset, sequence, writer, batch.leaderEpoch);
    }
    return records;
  }

  #processed(batch: PolledBatch): void {
    const { roster, history, positions } = this.#environment;
    const index = roster.partitionIndex(batch.topic, batch.partition);
    const owned = this.#owned.get(index);
    if (owned === undefined || batch.toOffset <= owned.processed) return;
    owned.processed = batch.toOffset;
    history.write(EVENT.processed, this.#environment.now(), this.seat.actor, index, batch.toOffset, -1, -1, -1);
    positions.set(this.#reader, index, batch.toOffset);
  }

  async #commitWhenDue(): Promise<void> {
    const nowNs = this.#environment.now();
    if (nowNs - this.#lastCommitNs < this.#commitIntervalNs) return;
    this.#lastCommitNs = nowNs;
    await this.#commit();
  }

  async #commit(): Promise<void> {
    if (this.seat.group === null) return;
    const due: Owned[] = [];
    for (const owned of this.#owned.values()) if (owned.processed > owned.committed) due.push(owned);
    if (due.length === 0) return;
    const { history, measurement } = this.#environment;
    const { actor } = this.seat;
    const number = this.#commits++;
    const sentNs = this.#environment.now();
    const offsets: CommitOffset[] = due.map(({ topic, partition, processed }) => ({
      topic,
      partition,
      offset: processed,
    }));
    for (const owned of due) {
      history.write(EVENT.commit, sentNs, actor, owned.index, owned.processed, number, owned.generation, -1);
    }
    const outcomes = await this.#client.commit(offsets);
    const nowNs = this.#environment.now();
    measurement.committed(sentNs, nowNs);
    due.forEach((owned, position) => {
      const { offset } = offsets[position]!;
      const outcome = outcomes[position]!;
      if (outcome.errorCode === 0) {
        owned.committed = Math.max(owned.committed, offset);
        history.write(EVENT.commitAck, nowNs, actor, owned.index, offset, number, -1, -1);
      } else {
        const definite = outcome.definite ? 1 : 0;
        history.write(EVENT.commitFail, nowNs, actor, owned.index, offset, number, outcome.errorCode, definite);
      }
    });
  }

  async #askCommitted(partitions: readonly TopicPartition[]): Promise<void> {
    const askedNs = this.#environment.now();
    const offsets = await this.#client.committed(partitions);
    if (offsets === null) return;
    const { roster, history } = this.#environment;
    const nowNs = this.#environment.now();
    partitions.forEach(({ topic, partition }, position) => {
      const index = roster.partitionIndex(topic, partition);
      if (index < 0) return;
      history.write(EVENT.committed, nowNs, this.seat.actor, index, offsets[position]!, -1, askedNs, -1);
    });
  }
}

/** Readers without a group share the partitions out by hand. */
function manualShare(environment: Environment, seat: ConsumerSeat): TopicPartition[] {
  const share: TopicPartition[] = [];
  let turn = 0;
  for (const topic of environment.roster.topics) {
    if (!seat.topics.includes(topic.name)) continue;
    for (let partition = 0; partition < topic.partitions; partition++, turn++) {
      if (turn % seat.members === seat.member) share.push({ topic: topic.name, partition });
    }
  }
  return share;
}

/** Fills `into` with what the record carries, in its value or in a header; false when it is none of this run. */
export function readCarried(batch: PolledBatch, run: number, into: Envelope): boolean {
  if (readEnvelope(batch.bytes, run, into, batch.valueAt, batch.valueLength)) return true;
  const header = batch.header(ENVELOPE_HEADER);
  return header !== null && readEnvelope(header, run, into);
}

export function gapReason(gap: PolledGap): number {
  return gap.reason === 'control' ? GAP.control : gap.reason === 'aborted' ? GAP.aborted : GAP.unknown;
}
