import { ClientError } from '../client-error.ts';
import { invalid } from '../config.ts';
import type { OffsetToCommit } from '../consumer/group/commits.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import type { GroupMetadata } from './transaction-requests.ts';
import type { TransactionStateKind } from './transaction-states.ts';
import type { Transactions } from './transactions.ts';

/**
 * Kafka's producer with a `transactional.id`: what it sends between beginTransaction and commitTransaction is read by
 * read_committed consumers as a whole or not at all. One call at a time; every one is bounded. ClientErrors of kind
 * 'abortable' leave abortTransaction, of kind 'fenced' or 'refused' leave close alone.
 */
export class TransactionalProducer extends Producer {
  readonly #own: Transactions;

  /** @throws ClientError 'configuration'. */
  constructor(options: ProducerOptions) {
    super(options);
    if (this.transactions === null) throw invalid('transactional.id', 'a transactional producer needs one');
    this.#own = this.transactions;
  }

  get transactionState(): TransactionStateKind {
    return this.#own.state.kind;
  }

  /** Once, before the first transaction. Fences whoever has the same id, and ends what that one left open. */
  initTransactions(): Promise<void> {
    return this.#own.init();
  }

  beginTransaction(): void {
    this.#own.begin();
  }

  /** Commits the offsets (the next to read) of a group within the transaction (KIP-447). */
  sendOffsetsToTransaction(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void> {
    return this.#own.sendOffsets(offsets, group);
  }

  commitTransaction(): Promise<void> {
    return this.#own.commit();
  }

  abortTransaction(): Promise<void> {
    return this.#own.abort();
  }

  /** Aborts a transaction that is open, as far as the time goes. */
  override async close(timeoutMs: number = this.config.values['delivery.timeout.ms']): Promise<void> {
    const { kind } = this.#own.state;
    if (timeoutMs > 0 && (kind === 'open' || kind === 'abortable')) {
      // Whoever takes over the id, or the coordinator after transaction.timeout.ms, ends it otherwise.
      const aborted = this.#own.abort().catch((error: unknown) => {
        if (!(error instanceof ClientError)) throw error;
      });
      await this.within(aborted, timeoutMs);
    }
    await super.close(timeoutMs);
  }
}
