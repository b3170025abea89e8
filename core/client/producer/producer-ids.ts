import { ErrorCode, errorInfo, initProducerId } from '../../protocol/index.ts';
import { backoffMs } from '../backoff.ts';
import { clientError, isRetriableFailure, refusal } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { ProducerIdentity } from './partition-queue.ts';

/** A producer without a transactional.id has no transactions to time out. */
const NO_TRANSACTION_TIMEOUT_MS = 2147483647;

/** Asks for producer ids (InitProducerId, at any broker), again and again until there is one or nobody wants it. */
export class ProducerIds {
  readonly #cluster: Cluster;
  readonly #isWanted: () => boolean;
  readonly #arrived: () => void;
  readonly #refused: (errorCode: number, message: string) => void;
  #current: ProducerIdentity | null = null;
  #isAsking = false;

  constructor(
    cluster: Cluster,
    /** Whether anything waits for an id. */
    isWanted: () => boolean,
    arrived: () => void,
    /** No id will come: what no retry cures. */
    refused: (errorCode: number, message: string) => void,
  ) {
    this.#cluster = cluster;
    this.#isWanted = isWanted;
    this.#arrived = arrived;
    this.#refused = refused;
  }

  /** The newest id; null before the first. */
  get current(): ProducerIdentity | null {
    return this.#current;
  }

  ask(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#fetch().then(
      () => {
        this.#isAsking = false;
        this.#arrived();
      },
      (error) => {
        this.#isAsking = false;
        const { code, message } = clientError(error);
        this.#refused(code, message);
      },
    );
  }

  /** @throws ClientError when no retry can help. */
  async #fetch(): Promise<void> {
    const { config, runtime } = this.#cluster;
    for (let attempt = 0; !this.#cluster.closed && this.#isWanted(); attempt++) {
      let reason: string;
      try {
        const draft = { transactionalId: null, transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS };
        const answer = await this.#cluster.requestAny(initProducerId, draft);
        if (answer.errorCode === ErrorCode.none) {
          this.#current = { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
          return;
        }
        if (!errorInfo(answer.errorCode).retriable) throw refusal('InitProducerId', answer.errorCode);
        reason = errorInfo(answer.errorCode).name;
      } catch (error) {
        if (!isRetriableFailure(error)) throw error;
        reason = clientError(error).message;
      }
      runtime.log.debug('no producer id yet', { reason });
      const { 'retry.backoff.ms': baseMs, 'retry.backoff.max.ms': maxMs } = config;
      await runtime.timers.sleep(backoffMs(attempt, baseMs, maxMs, runtime.random));
    }
  }
}
