import { ErrorCode, errorInfo, type ProduceResponse, produce } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { Alarm } from '../alarm.ts';
import { backoffMs } from '../backoff.ts';
import { type Channel, ChannelError } from '../channel.ts';
import { clientError, isRetriableFailure } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { Accumulator } from './accumulator.ts';
import type { ProducerBatch } from './batch.ts';
import type { ProducerConfig } from './config.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { answersFor, type PartitionAnswer, produceDraft, produceVersion } from './produce-request.ts';
import { ProducerIds } from './producer-ids.ts';
import { type BatchOutcome, isRefusedBeforeAppend } from './result.ts';

/** What a request says beside its batches, by which max.request.size is kept. */
const REQUEST_OVERHEAD_BYTES = 512;

interface NodeState {
  readonly id: number;
  inFlight: number;
  opening: boolean;
}

/**
 * Sends batches to the leaders and settles what comes back. It runs when something may have changed (`poke`): a batch
 * is full, an answer came, a time has come, the metadata moved; there is no loop that waits.
 */
export class Sender {
  /** The producer holds back no batch for linger.ms while this is set: flush, close. */
  draining = false;
  /** Called when batches have ended: memory may be free. */
  onSettled: (() => void) | null = null;
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #config: ProducerConfig;
  readonly #accumulator: Accumulator;
  readonly #listener: ((outcome: BatchOutcome) => void) | null;
  /** Every batch that has not ended. */
  readonly #incomplete = new Set<ProducerBatch>();
  /** Queues with batches that wait. */
  readonly #active = new Set<PartitionQueue>();
  readonly #nodes = new Map<number, NodeState>();
  readonly #alarm: Alarm;
  readonly #expiry: Alarm;
  readonly #lingerNs: number;
  readonly #ids: ProducerIds;
  #poked = false;
  #closed = false;

  constructor(
    runtime: Runtime,
    cluster: Cluster,
    config: ProducerConfig,
    accumulator: Accumulator,
    listener: ((outcome: BatchOutcome) => void) | null,
  ) {
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#accumulator = accumulator;
    this.#listener = listener;
    this.#lingerNs = config.values['linger.ms'] * 1e6;
    this.#ids = new ProducerIds(
      cluster,
      () => this.#incomplete.size > 0,
      () => this.poke(),
      (errorCode, message) => this.#failWaiting(errorCode, message),
    );
    this.#alarm = new Alarm(runtime, () => this.#pump());
    this.#expiry = new Alarm(runtime, () => this.#expire());
  }

  get incomplete(): ReadonlySet<ProducerBatch> {
    return this.#incomplete;
  }

  /** A new batch was opened: it has to be sent after linger.ms, and to end within delivery.timeout.ms. */
  readonly opened = (batch: ProducerBatch): void => {
    this.#incomplete.add(batch);
    this.#active.add(batch.queue);
    this.#expiry.noLaterThan(batch.deadlineNs);
    if (this.#lingerNs === 0 || this.draining) this.poke();
    else this.#alarm.noLaterThan(batch.createdNs + this.#lingerNs);
  };

  /** Looks for work at the end of this turn. */
  readonly poke = (): void => {
    if (this.#poked || this.#closed) return;
    this.#poked = true;
    this.#runtime.timers.endOfTurn(() => {
      this.#poked = false;
      this.#pump();
    });
  };

  /** Gives up all that has not ended: what was never sent is definitely not written. */
  abort(message: string): void {
    this.#closed = true;
    this.#alarm.cancel();
    this.#expiry.cancel();
    for (const batch of [...this.#incomplete]) {
      const definite = batch.state !== 'inFlight' && !batch.maybeWritten;
      this.#end(batch, { kind: 'failed', errorCode: -1, definite, message });
    }
  }

  #pump(): void {
    if (this.#closed) return;
    const nowNs = this.#runtime.clock.monotonicNs();
    const byNode = new Map<number, PartitionQueue[]>();
    let needsMetadata = false;
    for (const queue of this.#active) {
      if (queue.waiting.length === 0) {
        this.#active.delete(queue);
        continue;
      }
      if (!this.#isSendable(queue, nowNs)) continue;
      const leaderId = this.#cluster.metadata.partition(queue.topic, queue.partition)?.leaderId ?? -1;
      if (leaderId < 0 || this.#cluster.metadata.node(leaderId) === undefined) {
        needsMetadata = true;
        continue;
      }
      const queues = byNode.get(leaderId);
      if (queues === undefined) byNode.set(leaderId, [queue]);
      else queues.push(queue);
    }
    if (needsMetadata) this.#cluster.refreshSoon();
    for (const [nodeId, queues] of byNode) this.#drain(this.#node(nodeId), queues, nowNs);
  }

  /** Whether the queue's next batch may leave now; if only time is missing, the alarm is set for it. */
  #isSendable(queue: PartitionQueue, nowNs: number): boolean {
    const { maxInFlight, idempotent } = this.#config;
    let batch = queue.next(maxInFlight, idempotent);
    while (batch !== null && queue.isOvertaken(batch)) {
      const message = 'the broker took a later batch first';
      this.#giveUp(batch, { errorCode: ErrorCode.outOfOrderSequenceNumber, definite: !batch.maybeWritten, message });
      batch = queue.next(maxInFlight, idempotent);
    }
    if (batch === null) return false;
    if (queue.backoffUntilNs > nowNs) {
      this.#alarm.noLaterThan(queue.backoffUntilNs);
      return false;
    }
    if (batch.state === 'open' && !this.draining && !this.#accumulator.isFull) {
      const lingersUntilNs = batch.createdNs + this.#lingerNs;
      if (lingersUntilNs > nowNs) {
        this.#alarm.noLaterThan(lingersUntilNs);
        return false;
      }
    }
    if (idempotent && !queue.accepts(this.#ids.current)) {
      this.#ids.ask();
      return false;
    }
    return true;
  }

  #drain(node: NodeState, queues: PartitionQueue[], nowNs: number): void {
    const link = this.#cluster.link(node.id, 'data');
    const channel = link.channel;
    if (channel === null) {
      this.#open(node);
      return;
    }
    while (node.inFlight < this.#config.maxInFlight) {
      const batches: ProducerBatch[] = [];
      let bytes = REQUEST_OVERHEAD_BYTES;
      for (const queue of queues) {
        if (!this.#isSendable(queue, nowNs)) continue;
        const batch = queue.waiting[0]!;
        // One batch per partition and request; the first always fits.
        if (batches.length > 0 && bytes + batch.sizeBytes > this.#config.values['max.request.size']) continue;
        this.#prepare(batch);
        bytes += batch.sizeBytes;
        batches.push(batch);
      }
      if (batches.length === 0) return;
      // The first to be served this time is the last to be served the next time.
      queues.push(queues.shift()!);
      this.#send(node, channel, batches);
      if (channel.closed) return;
    }
  }

  #prepare(batch: ProducerBatch): void {
    const queue = batch.queue;
    batch.state = 'closed';
    if (this.#config.idempotent) queue.number(batch, this.#ids.current, this.#runtime.codecs);
    this.#accumulator.encode(batch);
    queue.takeForSending(batch);
    batch.attempts++;
    batch.leaderEpoch = this.#cluster.metadata.partition(queue.topic, queue.partition)?.leaderEpoch ?? -1;
  }

  #open(node: NodeState): void {
    if (node.opening) return;
    node.opening = true;
    const settled = (): void => {
      node.opening = false;
      this.poke();
    };
    void this.#cluster
      .link(node.id, 'data')
      .open()
      .then(settled, (error) => {
        this.#runtime.log.debug('no connection to the leader', { node: node.id, reason: clientError(error).message });
        // The leader may be another one by now. What is due is tried again when that is known, or after the pause.
        this.#cluster.refreshSoon();
        settled();
      });
  }

  #send(node: NodeState, channel: Channel, batches: readonly ProducerBatch[]): void {
    const { metadata } = this.#cluster;
    const version = produceVersion(channel, metadata, this.#config, batches);
    if (version === null) {
      const error = new ChannelError('unsupportedVersion', 'the broker has no common version of Produce');
      for (const batch of batches) this.#failedToSend(batch, error);
      return;
    }
    const { acks, values } = this.#config;
    const timeoutMs = values['request.timeout.ms'];
    const draft = produceDraft(metadata, this.#config, batches);
    if (acks === 0) {
      channel.send(produce, version, draft);
      for (const batch of batches) this.#acked(batch, -1, -1);
      return;
    }
    node.inFlight++;
    void channel.request(produce, version, draft, timeoutMs).then(
      (response) => {
        node.inFlight--;
        this.#answered(batches, response);
        this.poke();
      },
      (error) => {
        node.inFlight--;
        for (const batch of batches) this.#failedToSend(batch, error);
        this.#cluster.refreshSoon();
        this.poke();
      },
    );
  }

  #answered(batches: readonly ProducerBatch[], response: ProduceResponse): void {
    const answers = answersFor(batches, response, this.#cluster.metadata);
    for (let index = 0; index < batches.length; index++) {
      const batch = batches[index]!;
      const answer = answers[index];
      if (answer === undefined) {
        this.#failedToSend(batch, new ChannelError('malformed', 'the response does not name the partition'));
      } else if (answer.errorCode === ErrorCode.none) {
        this.#acked(batch, answer.baseOffset, answer.logAppendTimeMs);
      } else if (answer.errorCode === ErrorCode.duplicateSequenceNumber) {
        this.#acked(batch, -1, -1);
      } else {
        this.#refused(batch, answer, response.nodeEndpoints);
      }
    }
  }

  #acked(batch: ProducerBatch, baseOffset: number, logAppendTimeMs: number): void {
    const { queue, leaderEpoch } = batch;
    queue.acknowledged(batch);
    queue.remove(batch);
    this.#end(batch, { kind: 'acked', baseOffset, logAppendTimeMs, leaderEpoch });
  }

  /** No answer, or none that can be understood. */
  #failedToSend(batch: ProducerBatch, error: unknown): void {
    if (!(error instanceof ChannelError)) {
      // An EncodeError: our draft, not the broker. The batch cannot be sent, and it was not.
      const message = error instanceof Error ? error.message : String(error);
      this.#giveUp(batch, { errorCode: -1, definite: !batch.maybeWritten, message });
      return;
    }
    if (error.kind !== 'notSent' && error.kind !== 'unsupportedVersion') batch.maybeWritten = true;
    if (isRetriableFailure(error)) this.#retry(batch, -1, error.message, true);
    else {
      const { code, message } = clientError(error);
      this.#giveUp(batch, { errorCode: code, definite: !batch.maybeWritten, message });
    }
  }

  #refused(batch: ProducerBatch, answer: PartitionAnswer, endpoints: ProduceResponse['nodeEndpoints']): void {
    const { queue } = batch;
    const code = answer.errorCode;
    const info = errorInfo(code);
    const message = answer.errorMessage ?? info.name;
    if (!isRefusedBeforeAppend(code)) batch.maybeWritten = true;
    if (batch.identity !== null && batch.state !== 'done') {
      if (code === ErrorCode.outOfOrderSequenceNumber && queue.outOfOrder(batch) === 'retry') {
        this.#retry(batch, code, message, true);
        return;
      }
      if (code === ErrorCode.unknownProducerId) {
        queue.bumpEpoch();
        this.#retry(batch, code, message, true);
        return;
      }
      if (code === ErrorCode.invalidProducerEpoch || code === ErrorCode.producerFenced) queue.wantFreshId();
    }
    if (code === ErrorCode.messageTooLarge && this.#split(batch)) return;
    if (!info.retriable) {
      this.#giveUp(batch, { errorCode: code, definite: !batch.maybeWritten, message });
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
    this.#active.add(batch.queue);
    return true;
  }

  /** Sends the batch again, unless its attempts or its time are over. */
  #retry(batch: ProducerBatch, errorCode: number, message: string, pause: boolean): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    const { values } = this.#config;
    if (batch.state === 'done' || batch.attempts > values.retries || nowNs >= batch.deadlineNs) {
      this.#giveUp(batch, { errorCode, definite: !batch.maybeWritten, message });
      return;
    }
    const { queue } = batch;
    queue.requeue(batch);
    this.#active.add(queue);
    if (!pause) return;
    const attempt = batch.attempts - 1;
    const delayMs = backoffMs(
      attempt,
      values['retry.backoff.ms'],
      values['retry.backoff.max.ms'],
      this.#runtime.random,
    );
    queue.backoffUntilNs = Math.max(queue.backoffUntilNs, nowNs + delayMs * 1e6);
    this.#alarm.noLaterThan(queue.backoffUntilNs);
  }

  #giveUp(batch: ProducerBatch, why: { errorCode: number; definite: boolean; message: string }): void {
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
    this.onSettled?.();
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
    this.poke();
  }

  /** Fails what waits to be sent: no producer id will come. */
  #failWaiting(errorCode: number, message: string): void {
    for (const batch of [...this.#incomplete]) {
      if (batch.state === 'inFlight') continue;
      this.#giveUp(batch, { errorCode, definite: !batch.maybeWritten, message });
    }
  }

  #node(id: number): NodeState {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = { id, inFlight: 0, opening: false };
      this.#nodes.set(id, node);
    }
    return node;
  }
}
