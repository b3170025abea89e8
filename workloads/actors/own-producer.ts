import type { BatchOutcome, Producer, ProducerTopic } from '../../core/client/index.ts';
import type { RecordHeader } from '../../core/records/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import { ENVELOPE_HEADER } from '../load/envelope.ts';
import { FULL, type ProducerDriver, type ProducerOutcomes, type TransactionDriver } from './driver.ts';

const NO_HEADERS: readonly RecordHeader[] = [];

/** Our own producer behind the actors' interface. */
export class OwnProducer<P extends Producer = Producer> implements ProducerDriver {
  readonly #runtime: Runtime;
  readonly #make: (onBatch: (outcome: BatchOutcome) => void) => P;
  #client: P;
  readonly #names: readonly string[];
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #outcomes: ProducerOutcomes;
  #topics: ProducerTopic[] = [];
  #sending = false;
  #waiting = false;

  constructor(
    runtime: Runtime,
    names: readonly string[],
    make: (onBatch: (outcome: BatchOutcome) => void) => P,
    outcomes: ProducerOutcomes,
  ) {
    this.#runtime = runtime;
    this.#names = names;
    this.#indexOf = new Map(names.map((name, index) => [name, index]));
    this.#outcomes = outcomes;
    this.#make = make;
    this.#client = make((outcome) => this.#batchEnded(outcome));
  }

  get transactions(): TransactionDriver | null {
    return null;
  }

  protected get client(): P {
    return this.#client;
  }

  /** Gives this client up and starts another one in its place. Rejects with ClientError when that one cannot start. */
  protected async replace(): Promise<void> {
    await this.#client.close(0);
    this.#client = this.#make((outcome) => this.#batchEnded(outcome));
    await this.start();
  }

  async start(): Promise<void> {
    this.#topics = [];
    for (const name of this.#names) this.#topics.push(await this.#client.topic(name));
  }

  send(
    topic: number,
    key: Uint8Array | null,
    value: Uint8Array,
    header: Uint8Array | null,
    timestampMs: number,
    token: number,
  ): number {
    const handle = this.#topics[topic]!;
    const partition = this.#client.partitionFor(handle, key);
    const headers = header === null ? NO_HEADERS : [{ name: ENVELOPE_HEADER, value: header }];
    this.#sending = true;
    const taken = this.#client.append(handle, partition, timestampMs, key, value, headers, token);
    this.#sending = false;
    if (taken) return partition;
    if (!this.#waiting) {
      this.#waiting = true;
      void this.#client.writable().then(() => {
        this.#waiting = false;
        this.#outcomes.writable();
      });
    }
    return FULL;
  }

  async flush(timeoutMs: number): Promise<void> {
    await Promise.race([this.#client.flush(), this.#runtime.timers.sleep(timeoutMs)]);
  }

  close(timeoutMs: number): Promise<void> {
    return this.#client.close(timeoutMs);
  }

  #batchEnded(outcome: BatchOutcome): void {
    if (this.#sending) {
      // Refused on the spot: told after `send` has returned, so that a record's outcome never precedes its send.
      const copy = { ...outcome, tokens: [...outcome.tokens] };
      this.#runtime.timers.endOfTurn(() => this.#tell(copy));
      return;
    }
    this.#tell(outcome);
  }

  #tell({ topic, partition, tokens, result }: BatchOutcome): void {
    const index = this.#indexOf.get(topic)!;
    if (result.kind === 'acked') {
      const nowNs = this.#outcomes.now();
      for (let at = 0; at < tokens.length; at++) {
        const offset = result.baseOffset < 0 ? -1 : result.baseOffset + at;
        this.#outcomes.acked(tokens[at]!, index, partition, offset, nowNs);
      }
      return;
    }
    const { errorCode, definite, message } = result;
    for (const token of tokens) this.#outcomes.failed(token, index, partition, errorCode, definite, message);
  }
}
