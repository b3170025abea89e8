import { partitionForKey } from '../../../core/records/index.ts';
import type { Runtime, Timer } from '../../../core/runtime.ts';
import { FULL, type ProducerOutcomes } from '../../actors/driver.ts';
import type { ProducerSettings } from '../../settings.ts';

export interface GatheredRecord {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly header: Buffer | null;
  readonly timestampMs: number;
}

/** Records of one partition that go to the library together. */
export interface GatheredBatch {
  /** Index of the topic. */
  readonly topic: number;
  readonly partition: number;
  readonly records: GatheredRecord[];
}

export type BatchEnd =
  /** `baseOffset` is -1 when the broker did not tell. */
  | { readonly kind: 'acked'; readonly baseOffset: number }
  | { readonly kind: 'failed'; readonly errorCode: number; readonly definite: boolean; readonly message: string };

export interface GathererOptions {
  readonly runtime: Runtime;
  /** Partitions by topic index. */
  readonly partitions: readonly number[];
  readonly settings: Pick<ProducerSettings, 'lingerMs' | 'batchBytes' | 'bufferBytes'>;
  /** Calls of the library at the same time. */
  readonly callsMax: number;
  /** One call of the library; the ends are in the order of the batches. Never rejects. */
  readonly call: (batches: readonly GatheredBatch[]) => Promise<readonly BatchEnd[]>;
  readonly outcomes: ProducerOutcomes;
}

interface Batch extends GatheredBatch {
  readonly tokens: number[];
  bytes: number;
  readonly dueNs: number;
  ended: boolean;
}

/** As Kafka's producer estimates a record in a batch. */
const RECORD_OVERHEAD_BYTES = 21;

/**
 * Collects records for libraries that send what one call gives them, as an application does that wants batches: until
 * `linger.ms` or `batch.size`, one batch a partition and call, in order. The partition is chosen here, as Kafka does (by
 * the key's murmur2, without a key one partition until a batch is full), so that a call that the library repeats cannot
 * move a record to another partition.
 */
export class Gatherer {
  readonly #options: GathererOptions;
  /** By topic and partition, oldest first. */
  readonly #waiting = new Map<number, Batch[]>();
  readonly #inCall = new Set<Batch>();
  readonly #stride: number;
  readonly #sticky: number[];
  #calls = 0;
  #bytes = 0;
  #blocked = false;
  #closed = false;
  #timer: Timer | null = null;
  #turn = false;
  #idle: (() => void)[] = [];

  constructor(options: GathererOptions) {
    this.#options = options;
    this.#stride = Math.max(1, ...options.partitions);
    this.#sticky = options.partitions.map(() => 0);
  }

  send(
    topic: number,
    key: Uint8Array | null,
    value: Uint8Array,
    header: Uint8Array | null,
    timestampMs: number,
    token: number,
  ): number {
    const { partitions, settings, runtime } = this.#options;
    const bytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + value.length + (header?.length ?? 0);
    if (this.#closed || (this.#bytes > 0 && this.#bytes + bytes > settings.bufferBytes)) {
      this.#blocked = true;
      return FULL;
    }
    const partition = key === null ? this.#sticky[topic]! : partitionForKey(key, partitions[topic]!);
    const queue = this.#queue(topic, partition);
    let batch = queue.at(-1);
    if (batch === undefined || batch.bytes + bytes > settings.batchBytes) {
      const dueNs = runtime.clock.monotonicNs() + settings.lingerMs * 1e6;
      batch = { topic, partition, records: [], tokens: [], bytes: 0, dueNs, ended: false };
      queue.push(batch);
    }
    batch.records.push({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value),
      header: header === null ? null : Buffer.from(header),
      timestampMs,
    });
    batch.tokens.push(token);
    batch.bytes += bytes;
    this.#bytes += bytes;
    if (key === null && batch.bytes >= settings.batchBytes) this.#sticky[topic] = (partition + 1) % partitions[topic]!;
    this.#callAtEndOfTurn();
    return partition;
  }

  /** Resolves when every record has its outcome, or the bound is over. */
  flush(timeoutMs: number): Promise<void> {
    if (this.#bytes === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.runtime.timers.after(timeoutMs, resolve);
      this.#idle.push(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** What has no outcome gets one: never given to the library, surely not written; given, nobody knows. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const queue of this.#waiting.values()) {
      for (const batch of queue) this.#end(batch, unanswered(true));
    }
    this.#waiting.clear();
    for (const batch of this.#inCall) this.#end(batch, unanswered(false));
  }

  #queue(topic: number, partition: number): Batch[] {
    const at = topic * this.#stride + partition;
    let queue = this.#waiting.get(at);
    if (queue === undefined) {
      queue = [];
      this.#waiting.set(at, queue);
    }
    return queue;
  }

  #callAtEndOfTurn(): void {
    if (this.#turn) return;
    this.#turn = true;
    this.#options.runtime.timers.endOfTurn(() => {
      this.#turn = false;
      this.#callWhatIsDue();
    });
  }

  #callWhatIsDue(): void {
    const { callsMax, settings, runtime } = this.#options;
    while (!this.#closed && this.#calls < callsMax) {
      const nowNs = runtime.clock.monotonicNs();
      let nextNs = Number.POSITIVE_INFINITY;
      const due: Batch[] = [];
      for (const queue of this.#waiting.values()) {
        const first = queue[0];
        if (first === undefined) continue;
        const full = queue.length > 1 || first.bytes >= settings.batchBytes;
        if (full || first.dueNs <= nowNs) due.push(queue.shift()!);
        else nextNs = Math.min(nextNs, first.dueNs);
      }
      if (due.length === 0) {
        this.#wakeAt(nextNs, nowNs);
        return;
      }
      this.#call(due);
    }
  }

  #wakeAt(timeNs: number, nowNs: number): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (timeNs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#options.runtime.timers.after((timeNs - nowNs) / 1e6, () => this.#callWhatIsDue());
  }

  #call(batches: readonly Batch[]): void {
    this.#calls++;
    for (const batch of batches) this.#inCall.add(batch);
    void this.#options.call(batches).then((ends) => {
      this.#calls--;
      batches.forEach((batch, index) => {
        this.#inCall.delete(batch);
        if (!batch.ended) this.#end(batch, ends[index]!);
      });
      this.#callWhatIsDue();
    });
  }

  #end(batch: Batch, end: BatchEnd): void {
    const { outcomes } = this.#options;
    const { topic, partition, tokens } = batch;
    batch.ended = true;
    this.#bytes -= batch.bytes;
    const nowNs = outcomes.now();
    tokens.forEach((token, index) => {
      if (end.kind === 'acked') {
        outcomes.acked(token, topic, partition, end.baseOffset < 0 ? -1 : end.baseOffset + index, nowNs);
      } else outcomes.failed(token, topic, partition, end.errorCode, end.definite, end.message);
    });
    if (this.#bytes === 0) {
      for (const resolve of this.#idle) resolve();
      this.#idle = [];
    }
    if (this.#blocked && !this.#closed) {
      this.#blocked = false;
      outcomes.writable();
    }
  }
}

/**
 * Calls at the same time: one, as by an application that awaits each, because these libraries let calls overtake one
 * another. More where the file asks for it and gives up idempotence, whose numbers a repeated call would get wrong.
 */
export function callsOf(
  config: { readonly [name: string]: string },
  settings: Pick<ProducerSettings, 'idempotent' | 'maxInFlight'>,
): number {
  return settings.idempotent || config['max.in.flight.requests.per.connection'] === undefined
    ? 1
    : settings.maxInFlight;
}

function unanswered(definite: boolean): BatchEnd {
  const message = definite
    ? 'the producer was closed before it was sent'
    : 'the producer was closed before an answer came';
  return { kind: 'failed', errorCode: -1, definite, message };
}

/** Refusals that stand for every attempt at the same record, so that an earlier one cannot have been written. */
const REFUSED_FOR_GOOD: ReadonlySet<number> = new Set([
  10, // MESSAGE_TOO_LARGE
  18, // RECORD_LIST_TOO_LARGE
  21, // INVALID_REQUIRED_ACKS
  29, // TOPIC_AUTHORIZATION_FAILED
  32, // INVALID_TIMESTAMP
  76, // UNSUPPORTED_COMPRESSION_TYPE
  87, // INVALID_RECORD
]);

/**
 * The ends of a call that failed as a whole. Libraries repeat requests without saying so, and name one error for several
 * partitions: only a lasting refusal of a call for one partition says that a record was surely not written.
 */
export function allFailed(count: number, errorCode: number, message: string): BatchEnd[] {
  const definite = count === 1 && REFUSED_FOR_GOOD.has(errorCode);
  return Array.from({ length: count }, () => ({ kind: 'failed', errorCode, definite, message }));
}
