import { ConsumerActor } from './consumer-actor.ts';
import type { Environment } from './environment.ts';
import { ProducerActor } from './producer-actor.ts';
import type { ConsumerSeat, ProducerSeat } from './roster.ts';

/** Clients that connect at the same time. */
const CONNECTING_MAX = 32;

/** The actors of one load thread (or one simulated node), from connecting to leaving. */
export class Load {
  readonly #environment: Environment;
  readonly #producers: readonly ProducerActor[];
  readonly #consumers: readonly ConsumerActor[];

  constructor(environment: Environment, producers: readonly ProducerSeat[], consumers: readonly ConsumerSeat[]) {
    this.#environment = environment;
    this.#producers = producers.map((seat) => new ProducerActor(environment, seat));
    this.#consumers = consumers.map((seat) => new ConsumerActor(environment, seat));
  }

  /** Rejects when a client cannot connect within its own bound. */
  async connect(): Promise<void> {
    const waiting: (() => Promise<void>)[] = [
      ...this.#producers.map((producer) => () => producer.connect()),
      ...this.#consumers.map((consumer) => () => consumer.connect()),
    ];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
    };
    await Promise.all(Array.from({ length: Math.min(CONNECTING_MAX, waiting.length) }, worker));
  }

  /** Producers begin at time zero, consumers at theirs. Call before time zero. */
  run(): void {
    for (const consumer of this.#consumers) this.#startConsumer(consumer);
    for (const producer of this.#producers) producer.run();
  }

  pauseConsumers(): void {
    for (const consumer of this.#consumers) consumer.pause();
  }

  resumeConsumers(): void {
    for (const consumer of this.#consumers) consumer.resume();
  }

  /** Records sent that have no outcome yet. */
  get inFlight(): number {
    return this.#producers.reduce((sum, producer) => sum + producer.inFlight, 0);
  }

  /** No more sends; resolves when all outcomes are there or the bound is over. */
  async stopProducers(timeoutMs: number): Promise<void> {
    for (const producer of this.#producers) producer.stop();
    await Promise.all(this.#producers.map((producer) => producer.flush(timeoutMs)));
    await Promise.all(this.#producers.map((producer) => producer.close(0)));
    this.#environment.history.flush();
  }

  async stopConsumers(timeoutMs: number): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop(timeoutMs)));
    this.#environment.history.flush();
  }

  #startConsumer(consumer: ConsumerActor): void {
    const delayMs = consumer.seat.spec.startMs - this.#environment.now() / 1e6;
    if (consumer.seat.spec.startMs === 0 || delayMs <= 0) consumer.run();
    else this.#environment.runtime.timers.after(delayMs, () => consumer.run());
  }
}
