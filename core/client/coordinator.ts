import { type ApiSchema, ErrorCode, errorInfo, findCoordinator, type Message } from '../protocol/index.ts';
import { backoffMs } from './backoff.ts';
import { ClientError, clientError, isRetriableFailure, refusal } from './client-error.ts';
import { type Cluster, type DraftFor, requestOn } from './cluster.ts';

/** The first version of FindCoordinator that asks for several keys at once. */
const FIRST_OF_MANY = 4;
const KEY_TYPE = { group: 0, 'transactional id': 1 } as const;
/** The first version that knows another kind of key than groups. */
const FIRST_OF_KINDS = 1;

/** The broker that coordinates one group, or one transactional id: found when needed, forgotten when it says (or seems) not to be it. */
export class Coordinator {
  readonly groupId: string;
  readonly #cluster: Cluster;
  readonly #kind: keyof typeof KEY_TYPE;
  #nodeId = -1;

  /** `groupId`: the transactional id, for that kind. */
  constructor(cluster: Cluster, groupId: string, kind: keyof typeof KEY_TYPE = 'group') {
    this.#cluster = cluster;
    this.groupId = groupId;
    this.#kind = kind;
  }

  /** The finalized level of a feature, as the coordinator said when it was last connected to; 0 where it does not say. */
  featureLevel(name: string): number {
    if (this.#nodeId < 0) return 0;
    return this.#cluster.link(this.#nodeId, 'coordinator').channel?.featureLevel(name) ?? 0;
  }

  forget(): void {
    this.#nodeId = -1;
  }

  /**
   * One request to the coordinator, looking for it first. Rejects with ChannelError (the coordinator is then looked
   * for again), or with ClientError when it cannot be found within `timeoutMs`.
   */
  async request<A extends ApiSchema>(
    api: A,
    draft: DraftFor<A>,
    timeoutMs: number,
    options: { cap?: number; answerTimeoutMs?: number } = {},
  ): Promise<Message<A['response']>> {
    const { clock } = this.#cluster.runtime;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    const nodeId = await this.#find(timeoutMs);
    try {
      const channel = await this.#cluster.link(nodeId, 'coordinator').open();
      const leftMs = Math.max(0, (deadlineNs - clock.monotonicNs()) / 1e6);
      const requestMs = options.answerTimeoutMs ?? Math.min(leftMs, this.#cluster.config['request.timeout.ms']);
      return await requestOn(channel, api, draft, requestMs, options.cap);
    } catch (error) {
      if (isRetriableFailure(error)) this.forget();
      throw error;
    }
  }

  /** Looks at an error code of an answer: some say that the coordinator is another one. */
  notice(errorCode: number): void {
    if (errorCode === ErrorCode.notCoordinator || errorCode === ErrorCode.coordinatorNotAvailable) this.forget();
  }

  /**
   * Repeats `attempt` until it returns a value, its time is over, or it throws what no retry cures. It returns null to
   * be repeated. @throws ClientError; `definite` as the last failure says.
   */
  async retry<V>(timeoutMs: number, what: string, attempt: (leftMs: number) => Promise<V | Retry>): Promise<V> {
    const { clock, timers, random } = this.#cluster.runtime;
    const { config } = this.#cluster;
    const deadlineNs = clock.monotonicNs() + timeoutMs * 1e6;
    let definite = true;
    for (let attempts = 0; ; attempts++) {
      let last: Retry;
      try {
        const result = await attempt(Math.max(0, (deadlineNs - clock.monotonicNs()) / 1e6));
        if (!(result instanceof Retry)) return result;
        last = result;
        this.notice(last.errorCode);
      } catch (error) {
        if (!isRetriableFailure(error)) throw clientError(error);
        const failure = clientError(error);
        last = new Retry(failure.code, failure.definite, failure.message);
      }
      definite &&= last.definite;
      const backoff = backoffMs(attempts, config['retry.backoff.ms'], config['retry.backoff.max.ms'], random);
      const pauseMs = Math.min(backoff, last.pauseMsMax);
      if (clock.monotonicNs() + pauseMs * 1e6 >= deadlineNs || this.#cluster.closed) {
        const reason = last.reason ?? errorInfo(last.errorCode).name;
        throw new ClientError(
          'timeout',
          `${what} did not succeed within ${timeoutMs} ms: ${reason}`,
          last.errorCode,
          definite,
        );
      }
      await timers.sleep(pauseMs);
    }
  }

  async #find(timeoutMs: number): Promise<number> {
    if (this.#nodeId >= 0) return this.#nodeId;
    const what = `the coordinator of ${this.#kind} ${this.groupId}`;
    const keyType = KEY_TYPE[this.#kind];
    this.#nodeId = await this.retry(timeoutMs, what, async () => {
      const response = await this.#cluster.requestAny(findCoordinator, (version) =>
        version >= FIRST_OF_MANY
          ? { keyType, coordinatorKeys: [this.groupId] }
          : version >= FIRST_OF_KINDS
            ? { keyType, key: this.groupId }
            : { key: this.groupId },
      );
      const found = response.coordinators.find((one) => one.key === this.groupId) ?? response;
      if (found.errorCode !== ErrorCode.none) {
        if (errorInfo(found.errorCode).retriable) return new Retry(found.errorCode, true);
        throw refusal(what, found.errorCode, found.errorMessage, true);
      }
      const { nodeId, host, port } = found;
      if (this.#cluster.metadata.node(nodeId) === undefined) {
        this.#cluster.metadata.learnNode({ id: nodeId, host, port, rack: null });
      }
      return nodeId;
    });
    return this.#nodeId;
  }
}

/** An attempt that is worth repeating. `definite`: it has surely changed nothing. */
export class Retry {
  readonly errorCode: number;
  readonly definite: boolean;
  readonly reason: string | null;
  /** Milliseconds: it is worth no longer a pause than this. */
  readonly pauseMsMax: number;
  constructor(
    errorCode: number,
    definite: boolean,
    reason: string | null = null,
    pauseMsMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.errorCode = errorCode;
    this.definite = definite;
    this.reason = reason;
    this.pauseMsMax = pauseMsMax;
  }
}
