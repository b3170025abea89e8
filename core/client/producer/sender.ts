import { ErrorCode, type ProduceResponse, produce } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { Alarm } from '../alarm.ts';
import type { Channel } from '../channel.ts';
import { ChannelError } from '../channel-error.ts';
import { clientError } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { Accumulator } from './accumulator.ts';
import type { ProducerBatch } from './batch.ts';
import type { ProducerConfig } from './config.ts';
import type { PartitionQueue } from './partition-queue.ts';
import { produceDraft, produceVersion } from './produce-request.ts';
import { ProducerIds } from './producer-ids.ts';
import type { BatchOutcome } from './result.ts';
import { Settlement } from './settlement.ts';
import type { Transactions } from './transactions.ts';

/** What a request says beside its batches, by which max.request.size is kept. */
const REQUEST_OVERHEAD_BYTES = 512;

interface NodeState {
  readonly id: number;
  inFlight: number;
  opening: boolean;
}

/**
 * Sends batches to the leaders. It runs when something may have changed (`poke`): a batch
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
  readonly #settlement: Settlement;
  /** Queues with batches that wait. */
  readonly #active = new Set<PartitionQueue>();
  readonly #nodes = new Map<number, NodeState>();
  readonly #alarm: Alarm;
  readonly #lingerNs: number;
  /** Where identities come from. */
  readonly #ids: Pick<ProducerIds, 'current' | 'ask'>;
  readonly #transactions: Transactions | null;
  #poked = false;
  #closed = false;

  constructor(
    runtime: Runtime,
    cluster: Cluster,
    config: ProducerConfig,
    accumulator: Accumulator,
    listener: ((outcome: BatchOutcome) => void) | null,
    transactions: Transactions | null,
  ) {
    this.#transactions = transactions;
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#accumulator = accumulator;
    this.#settlement = new Settlement(runtime, cluster, config, accumulator, listener, {
      waits: (queue) => this.#active.add(queue),
      dueAt: (atNs) => this.#alarm.noLaterThan(atNs),
      changed: () => this.poke(),
      ended: (result) => {
        if (transactions !== null && result.kind === 'failed') {
          transactions.recordFailed(result.errorCode, result.definite, result.message);
        }
        this.onSettled?.();
      },
    });
    this.#lingerNs = config.values['linger.ms'] * 1e6;
    this.#ids =
      transactions ??
      new ProducerIds(
        cluster,
        () => this.#settlement.incomplete.size > 0,
        () => this.poke(),
        (errorCode, message) => this.#settlement.failWaiting(errorCode, message),
      );
    this.#alarm = new Alarm(runtime, () => this.#pump());
  }

  get incomplete(): ReadonlySet<ProducerBatch> {
    return this.#settlement.incomplete;
  }

  /** A new batch was opened: it has to be sent after linger.ms, and to end within delivery.timeout.ms. */
  readonly opened = (batch: ProducerBatch): void => {
    this.#settlement.begin(batch);
    this.#active.add(batch.queue);
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

  /** Sends no more, and gives up all that has not ended. */
  abort(message: string): void {
    this.#closed = true;
    this.#alarm.cancel();
    this.#settlement.abort(message);
  }

  #pump(): void {
    if (this.#closed) return;
    const refusal = this.#transactions?.refusal ?? null;
    if (refusal !== null) this.#settlement.failWaiting(refusal.code, refusal.message);
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
      this.#settlement.giveUp(batch, {
        errorCode: ErrorCode.outOfOrderSequenceNumber,
        definite: !batch.maybeWritten,
        message,
      });
      batch = queue.next(maxInFlight, idempotent);
    }
    if (batch === null) return false;
    if (queue.backoffUntilNs > nowNs && !this.#hasNewLeader(queue)) {
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
    return this.#transactions === null || this.#transactions.admits(queue.topic, queue.partition);
  }

  /** As KAFKA-15415 has it. A broker that tells no epochs is given its time. */
  #hasNewLeader(queue: PartitionQueue): boolean {
    const leaderEpoch = this.#cluster.metadata.partition(queue.topic, queue.partition)?.leaderEpoch ?? -1;
    return queue.backoffLeaderEpoch >= 0 && leaderEpoch > queue.backoffLeaderEpoch;
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
        this.#cluster.leaderLost(node.id);
        settled();
      });
  }

  #send(node: NodeState, channel: Channel, batches: readonly ProducerBatch[]): void {
    const { metadata } = this.#cluster;
    const version = produceVersion(
      channel,
      metadata,
      this.#config,
      batches,
      this.#transactions?.addsPartitions ?? false,
    );
    if (version === null) {
      const error = new ChannelError('unsupportedVersion', 'the broker has no common version of Produce');
      for (const batch of batches) this.#settlement.failedToSend(batch, error);
      return;
    }
    const { acks, values } = this.#config;
    const timeoutMs = values['request.timeout.ms'];
    const draft = produceDraft(metadata, this.#config, batches);
    if (acks === 0) {
      channel.send(produce, version, draft);
      for (const batch of batches) this.#settlement.acked(batch, -1, -1);
      return;
    }
    node.inFlight++;
    void channel.request(produce, version, draft, timeoutMs).then(
      (response) => {
        node.inFlight--;
        this.#settle(channel, batches, response);
        this.poke();
      },
      (error) => {
        node.inFlight--;
        for (const batch of batches) this.#settlement.failedToSend(batch, error);
        this.#cluster.leaderLost(node.id);
        this.poke();
      },
    );
  }

  /** A batch that is over at its first attempt left by this connection alone, all of it: else there were no answer. */
  #settle(channel: Channel, batches: readonly ProducerBatch[], response: ProduceResponse): void {
    this.#settlement.answered(batches, response);
    if (!channel.copiesWrites) return;
    for (const batch of batches) {
      if (batch.attempts !== 1 || batch.state !== 'done') continue;
      const buffer = batch.takeBuffer();
      if (buffer !== null) this.#accumulator.reuse(buffer);
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
