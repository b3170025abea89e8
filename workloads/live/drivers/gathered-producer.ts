import { bounded } from '../../../core/bounded.ts';
import type { Runtime } from '../../../core/runtime.ts';
import type { ProducerDriver, ProducerOutcomes } from '../../actors/driver.ts';
import type { ProducerSettings } from '../../settings.ts';
import type { Config } from './configs.ts';
import { type BatchEnd, callsOf, type GatheredBatch, Gatherer } from './gatherer.ts';

/** What is particular to a library's producer. */
export interface LibraryProducer {
  readonly settings: ProducerSettings;
  start(): Promise<void>;
  /** One call of the library; the ends are in the order of the batches. Never rejects. */
  call(batches: readonly GatheredBatch[]): Promise<readonly BatchEnd[]>;
  end(): Promise<unknown>;
}

const LEAVE_MS = 1_000;

/** A producer whose library sends what one call gives it. */
export class GatheredProducer implements ProducerDriver {
  readonly #runtime: Runtime;
  readonly #library: LibraryProducer;
  readonly #gatherer: Gatherer;

  constructor(
    library: LibraryProducer,
    runtime: Runtime,
    partitions: readonly number[],
    config: Config,
    outcomes: ProducerOutcomes,
  ) {
    const { settings } = library;
    this.#runtime = runtime;
    this.#library = library;
    this.#gatherer = new Gatherer({
      runtime,
      partitions,
      settings,
      callsMax: callsOf(config, settings),
      call: (batches) => library.call(batches),
      outcomes,
    });
  }

  start(): Promise<void> {
    return this.#library.start();
  }

  send(
    topic: number,
    key: Uint8Array | null,
    value: Uint8Array,
    header: Uint8Array | null,
    timestampMs: number,
    token: number,
  ): number {
    return this.#gatherer.send(topic, key, value, header, timestampMs, token);
  }

  flush(timeoutMs: number): Promise<void> {
    return this.#gatherer.flush(timeoutMs);
  }

  async close(timeoutMs: number): Promise<void> {
    this.#gatherer.close();
    await bounded(this.#runtime.timers, this.#library.end(), Math.max(timeoutMs, LEAVE_MS), undefined);
  }
}
