import { type ApiSchema, ErrorCode, errorInfo, type Message } from '../../protocol/index.ts';
import { backoffMs } from '../backoff.ts';
import { ClientError, clientError, isRetriableFailure } from '../client-error.ts';
import type { Cluster, DraftFor } from '../cluster.ts';

/** How one item of a request ended; `errorCode` 0 is success. */
export interface ItemOutcome {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** What every operation of the admin client is made from. */
export class AdminRequests {
  readonly cluster: Cluster;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /** Repeats while the connection fails. Any broker will do. @throws ClientError. */
  async any<A extends ApiSchema>(api: A, draft: DraftFor<A>, timeoutMs: number): Promise<Message<A['response']>> {
    return this.#repeat(timeoutMs, api.name, (leftMs) => this.cluster.requestAny(api, draft, leftMs));
  }

  /** As `any`, at one broker. */
  async node<A extends ApiSchema>(
    nodeId: number,
    api: A,
    draft: DraftFor<A>,
    timeoutMs: number,
  ): Promise<Message<A['response']>> {
    return this.#repeat(timeoutMs, api.name, (leftMs) => this.cluster.request(nodeId, 'data', api, draft, leftMs));
  }

  /**
   * At the controller, as far as it is known (in KRaft every broker forwards). `codes` gives the error codes of an
   * answer: while one says that it was the wrong broker or too early, the request is repeated. An operation that has
   * been carried out although its answer was lost says so the second time (TOPIC_ALREADY_EXISTS, …).
   */
  async controller<A extends ApiSchema>(
    api: A,
    draft: DraftFor<A>,
    timeoutMs: number,
    codes: (response: Message<A['response']>) => readonly number[],
  ): Promise<Message<A['response']>> {
    return this.#repeat(timeoutMs, api.name, async (leftMs) => {
      const { metadata } = this.cluster;
      if (metadata.node(metadata.controllerId) === undefined) await this.cluster.refresh();
      const isKnown = metadata.node(metadata.controllerId) !== undefined;
      const response = isKnown
        ? await this.cluster.request(metadata.controllerId, 'data', api, draft, leftMs)
        : await this.cluster.requestAny(api, draft, leftMs);
      const isWrongPlace = codes(response).includes(ErrorCode.notController);
      if (!isWrongPlace) return response;
      await this.cluster.refresh();
      return null;
    });
  }

  async #repeat<V>(timeoutMs: number, what: string, attempt: (leftMs: number) => Promise<V | null>): Promise<V> {
    const { clock, timers, random } = this.cluster.runtime;
    const { config } = this.cluster;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    for (let attempts = 0; ; attempts++) {
      let failure = new ClientError('timeout', `${what}: ${errorInfo(ErrorCode.notController).name}`);
      const leftMs = Math.max(0, (deadlineNs - clock.monotonicNs()) / 1e6);
      try {
        const result = await attempt(Math.min(leftMs, config['request.timeout.ms']));
        if (result !== null) return result;
      } catch (error) {
        if (!isRetriableFailure(error)) throw clientError(error);
        failure = clientError(error);
        this.cluster.refreshSoon();
      }
      const pauseMs = backoffMs(attempts, config['retry.backoff.ms'], config['retry.backoff.max.ms'], random);
      if (clock.monotonicNs() + pauseMs * 1e6 >= deadlineNs || this.cluster.closed) throw failure;
      await timers.sleep(pauseMs);
    }
  }
}
