import { ClientError, type ConfigInput, TransactionalProducer } from '../../core/client/index.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { ProducerOutcomes, TransactionDriver, TransactionEnd } from './driver.ts';
import { OwnProducer } from './own-producer.ts';

/** Between two attempts to go on as a new producer. */
const AGAIN_MS = 500;

/** Our own transactional producer behind the actors' interface. One that was fenced is replaced by the next of its id. */
export class OwnTransactionalProducer extends OwnProducer<TransactionalProducer> implements TransactionDriver {
  readonly #timers: Runtime['timers'];
  #closed = false;

  constructor(runtime: Runtime, names: readonly string[], config: ConfigInput, outcomes: ProducerOutcomes) {
    super(runtime, names, (onBatch) => new TransactionalProducer({ runtime, config, onBatch }), outcomes);
    this.#timers = runtime.timers;
  }

  override get transactions(): TransactionDriver {
    return this;
  }

  override async start(): Promise<void> {
    await super.start();
    await this.client.initTransactions();
  }

  override close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    return super.close(timeoutMs);
  }

  begin(): void {
    this.client.beginTransaction();
  }

  async end(commits: boolean): Promise<TransactionEnd> {
    if (!commits) {
      // What is aborted on purpose was written first: else there would be nothing to hide.
      await this.client.flush();
      await this.#abort();
      return { outcome: 'aborted', errorCode: 0, message: null };
    }
    const failure = await this.#untilKnown(() => this.client.commitTransaction());
    if (failure === null) return { outcome: 'committed', errorCode: 0, message: null };
    const { kind, code, definite, message } = failure;
    if (kind === 'abortable') await this.#abort();
    else if (kind !== 'timeout') await this.#succeed();
    return { outcome: definite ? 'aborted' : 'unknown', errorCode: code, message };
  }

  /** Whether its end is heard of or not: nobody commits it any more. */
  async #abort(): Promise<void> {
    const failure = await this.#untilKnown(() => this.client.abortTransaction());
    if (failure !== null) await this.#succeed();
  }

  /** A call whose time is over goes on where it stood, as long as the run does. Returns what it failed with. */
  async #untilKnown(call: () => Promise<void>): Promise<ClientError | null> {
    for (;;) {
      try {
        await call();
        return null;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        const isPassing = error.kind === 'timeout' || error.kind === 'disconnected' || error.kind === 'malformed';
        if (!isPassing || this.#closed) return error;
      }
    }
  }

  /** The next producer of the same id, until it may write. */
  async #succeed(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.replace();
        return;
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        await this.#timers.sleep(AGAIN_MS);
      }
    }
  }
}
