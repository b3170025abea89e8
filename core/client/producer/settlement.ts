import { ErrorCode, errorInfo, type ProduceResponse } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { Alarm } from '../alarm.ts';
import { backoffMs } from '../backoff.ts';
import { ChannelError } from '../channel-error.ts';
import { clientError, isRetriableFailure } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { Accumulator } from './accumulator.ts';
import type { ProducerBatch } from './batch.ts';
import type { ProducerConfig } from './config.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { answersFor, type PartitionAnswer } from './produce-request.ts';
import { type BatchOutcome, isRefusedBeforeAppend } from './result.ts';

export interface SettlementEvents {
  /** A queue has a batch to be sent again. */
  waits(queue: PartitionQueue): void;
  /** Something may be sent at this time (monotonic). */
  dueAt(atNs: number): void;
  /** Something may be sent now. */
  changed(): void;
  /** A batch has ended: memory may be free. */
  ended(result: BatchOutcome['result']): void;
}

/** Decides what becomes of each batch: acknowledged, sent again, split, or failed; and ends it within its time. */
export class Settlement {
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #config: ProducerConfig;
  readonly #accumulator: Accumulator;
  readonly #listener: ((outcome: BatchOutcome) => void) | null;
  readonly #events: SettlementEvents;
  /** Every batch that has not ended. */
  readonly #incomplete = new Set<ProducerBatch>();
  readonly #expiry: Alarm;

  constructor(
    runtime: Runtime,
    cluster: Cluster,
    config: ProducerConfig,
    accumulator: Accumulator,
    listener: ((outcome: BatchOutcome) => void) | null,
    events: SettlementEvents,
  ) {
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#accumulator = accumulator;
    this.#listener = listener;
    this.#events = events;
    this.#expiry = new Alarm(runtime, () => this.#expire());
  }

  get incomplete(): ReadonlySet<ProducerBatch> {
    return this.#incomplete;
  }

  /** A new batch: it ends within delivery.timeout.ms. */
  begin(batch: ProducerBatch): void {
    this.#incomplete.add(batch);
    this.#expiry.noLaterThan(batch.deadlineNs);
  }

  /** Gives up all that has not ended: what was never sent is definitely not written. */
  abort(message: string): void {
    this.#expiry.cancel();
    for (const batch of [...this.#incomplete]) {
      const definite = batch.state !== 'inFlight' && !batch.maybeWritten;
      this.#end(batch, { kind: 'failed', errorCode: -1, definite, message });
    }
  }

  /** What a response says of the batches that were asked for with it. */
  answered(batches: readonly ProducerBatch[], response: ProduceResponse): void {
    const answers = answersFor(batches, response, this.#cluster.metadata);
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index]!;
      const answer = answers[index];
      if (answer === undefined) {
        this.failedToSend(batch, new ChannelError('malformed', 'the response does not name the partition'));
      } else if (answer.errorCode === ErrorCode.none) {
        this.acked(batch, answer.baseOffset, answer.logAppendTimeMs);
      } else if (answer.errorCode === ErrorCode.duplicateSequenceNumber) {
        this.acked(batch, -1, -1);
      } else {
        this.#refused(batch, answer, response.nodeEndpoints);
      }
    }
  }

  acked(batch: ProducerBatch, baseOffset: number, logAppendTimeMs: number): void {
    const { queue, leaderEpoch } = batch;
    queue.acknowledged(batch);
    queue.remove(batch);
    this.#end(batch, { kind: 'acked', baseOffset, logAppendTimeMs, leaderEpoch });
  }

  /** No answer, or none that can be understood. */
  failedToSend(batch: ProducerBatch, error: unknown): void {
    if (!(error instanceof ChannelError)) {
      // An EncodeError: our draft, not the broker. The batch cannot be sent, and it was not.
      const message = error instanceof Error ? error.message : String(error);
      this.giveUp(batch, { errorCode: -1, definite: !batch.maybeWritten, message });
      return;
    }
    if (error.kind !== 'notSent' && isRetriableFailure(error)) batch.maybeWritten = true;
    if (isRetriableFailure(error)) this.#retry(batch, -1, error.message, true);
    else {
      const { code, message } = clientError(error);
      this.giveUp(batch, { errorCode: code, definite: !batch.maybeWritten, message });
    }
  }

  #refused(batch: ProducerBatch, answer: PartitionAnswer, endpoints: ProduceResponse['nodeEndpoints']): void {
    const { queue } = batch;
    const code = answer.errorCode;
    const info = errorInfo(code);
    const message = answer.errorMessage ?? info.name;
    if (!isRefusedBeforeAppend(code)) batch.maybeWritten = true;
    if (batch.identity !== null && batch.state !== 'done') {
      // Within a transaction the epoch is the whole producer's: the transaction fails, and its abort bumps it.
      const heals = this.#config.transactionalId === null;
      const order = code === ErrorCode.outOfOrderSequenceNumber ? queue.outOfOrder(batch) : null;
      const wantsBump = order === 'gap' || code === ErrorCode.unknownProducerId;
      if (wantsBump && heals) queue.bumpEpoch();
      if (order === 'retry' || (wantsBump && heals)) {
        this.#retry(batch, code, message, true);
        return;
      }
      if (code === ErrorCode.invalidProducerEpoch || code === ErrorCode.producerFenced) queue.wantFreshId();
    }
    if (code === ErrorCode.messageTooLarge && this.#split(batch)) return;
    if (!info.retriable) {
      this.giveUp(batch, { errorCode: code, definite: !batch.maybeWritten, message });
      return;
    }
    const isLeaderKnown =
      info.refreshMetadata &&
      this.#cluster.metadata.applyLeader(queue.topic, queue.partition, answer.currentLeader, endpoints);
    if (info.refreshMetadata && !isLeaderKnown) this.#cluster.refreshSoon();
    this.#retry(batch, code, message, !isLeaderKnown);
  }

  /** False when there is nothing to split. */
  #split(batch: ProducerBatch): boolean {
    if (batch.state === 'done') return false;
    const parts = batch.split(this.#runtime.codecs);
    if (parts === null) return false;
    this.#incomplete.delete(batch);
    for (const part of parts) this.#incomplete.add(part);
    batch.queue.replace(batch, parts);
    this.#events.waits(batch.queue);
    return true;
  }

  /** Sends the batch again, unless its attempts or its time are over. */
  #retry(batch: ProducerBatch, errorCode: number, message: string, pause: boolean): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    const { values } = this.#config;
    if (batch.state === 'done' || batch.attempts > values.retries || nowNs >= batch.deadlineNs) {
      this.giveUp(batch, { errorCode, definite: !batch.maybeWritten, message });
      return;
    }
    const { queue } = batch;
    queue.requeue(batch);
    this.#events.waits(queue);
    if (!pause) return;
    const attempt = batch.attempts - 1;
    const delayMs = backoffMs(
      attempt,
      values['retry.backoff.ms'],
      values['retry.backoff.max.ms'],
      this.#runtime.random,
    );
    queue.backoffLeaderEpoch = batch.leaderEpoch;
    queue.backoffUntilNs = Math.max(queue.backoffUntilNs, nowNs + delayMs * 1e6);
    this.#events.dueAt(queue.backoffUntilNs);
  }

  /** The batch has failed for good. */
  giveUp(batch: ProducerBatch, why: { errorCode: number; definite: boolean; message: string }): void {
    batch.queue.failed(batch, why.definite);
    batch.queue.remove(batch);
    this.#end(batch, { kind: 'failed', ...why });
  }

  /** Runs the callbacks, unless the batch ended before. */
  #end(batch: ProducerBatch, result: BatchOutcome['result']): void {
    if (batch.state === 'done') return;
    this.#incomplete.delete(batch);
    this.#accumulator.release(batch);
    batch.finish(result, this.#listener);
    this.#events.ended(result);
  }

  /** delivery.timeout.ms: also for batches in flight, whose answers are then only heard for their sequences. */
  #expire(): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    for (const batch of this.#incomplete) {
      if (batch.deadlineNs > nowNs) {
        this.#expiry.noLaterThan(batch.deadlineNs);
        continue;
      }
      const isInFlight = batch.state === 'inFlight';
      const definite = !isInFlight && !batch.maybeWritten;
      const message = 'delivery.timeout.ms is over';
      batch.queue.failed(batch, definite);
      if (!isInFlight) batch.queue.remove(batch);
      this.#end(batch, { kind: 'failed', errorCode: -1, definite, message });
    }
    this.#events.changed();
  }

  /** Fails what waits to be sent: no producer id will come. */
  failWaiting(errorCode: number, message: string): void {
    for (const batch of [...this.#incomplete]) {
      if (batch.state === 'inFlight') continue;
      this.giveUp(batch, { errorCode, definite: !batch.maybeWritten, message });
    }
  }
}
