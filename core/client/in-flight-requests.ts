import type { ApiSchema } from '../protocol/index.ts';
import type { Runtime } from '../runtime.ts';
import { Alarm } from './alarm.ts';
import { ChannelError } from './channel-error.ts';

const LAST_CORRELATION_ID = 2147483647;

export interface InFlightRequest {
  readonly api: ApiSchema;
  readonly version: number;
  readonly askedNs: number;
  readonly deadlineNs: number;
  sent: boolean;
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: ChannelError) => void;
}

/** Whom to tell when the oldest request has waited so long, and again after each such time that it waits on. */
export interface SlowRequests {
  readonly afterMs: number;
  readonly tell: () => void;
}

/** The requests of a connection that have no answer yet, oldest first, with one timer for all their deadlines. */
export class InFlightRequests {
  readonly #clock: Runtime['clock'];
  readonly #requests = new Map<number, InFlightRequest>();
  readonly #alarm: Alarm;
  readonly #slow: SlowRequests | undefined;
  readonly #slowNs: number;
  readonly #expired: () => void;
  #nextCorrelationId = 0;

  /** `expired`: told after a request was rejected because its time was over. */
  constructor(runtime: Pick<Runtime, 'timers' | 'clock'>, slow: SlowRequests | undefined, expired: () => void) {
    this.#clock = runtime.clock;
    this.#alarm = new Alarm(runtime, () => this.#expire());
    this.#slow = slow;
    this.#slowNs = slow === undefined ? Number.POSITIVE_INFINITY : slow.afterMs * 1e6;
    this.#expired = expired;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** When the oldest was made (monotonic); null for none. */
  get waitingSinceNs(): number | null {
    for (const { askedNs } of this.#requests.values()) return askedNs;
    return null;
  }

  takeCorrelationId(): number {
    const id = this.#nextCorrelationId;
    this.#nextCorrelationId = id === LAST_CORRELATION_ID ? 0 : id + 1;
    return id;
  }

  add(correlationId: number, request: InFlightRequest): void {
    this.#requests.set(correlationId, request);
    this.#alarm.noLaterThan(Math.min(request.deadlineNs, request.askedNs + this.#slowNs));
  }

  /** The request that is answered now. @throws Error when nothing was asked with this id. */
  take(correlationId: number): InFlightRequest {
    const request = this.#requests.get(correlationId);
    if (request === undefined) throw new Error(`no request has correlation id ${correlationId}`);
    this.#requests.delete(correlationId);
    return request;
  }

  /** Rejects all of them: those that had not left yet as not sent. */
  end(error: ChannelError): void {
    this.#alarm.cancel();
    const requests = [...this.#requests.values()];
    this.#requests.clear();
    for (const request of requests) {
      request.reject(request.sent ? error : new ChannelError('notSent', error.message));
    }
  }

  #expire(): void {
    const nowNs = this.#clock.monotonicNs();
    let earliestNs = Number.POSITIVE_INFINITY;
    let expired = false;
    for (const [correlationId, request] of this.#requests) {
      if (request.deadlineNs <= nowNs) {
        expired = true;
        this.#requests.delete(correlationId);
        request.reject(new ChannelError('timeout', `no answer to ${request.api.name} in time`));
      } else if (request.deadlineNs < earliestNs) {
        earliestNs = request.deadlineNs;
      }
    }
    if (expired) this.#expired();
    else if (earliestNs < Number.POSITIVE_INFINITY) this.#alarm.noLaterThan(this.#lookAgainNs(nowNs, earliestNs));
  }

  /** Tells of a request that waits too long; when to look the next time. */
  #lookAgainNs(nowNs: number, deadlineNs: number): number {
    const sinceNs = this.waitingSinceNs ?? nowNs;
    const isSlow = nowNs - sinceNs >= this.#slowNs;
    if (isSlow) this.#slow?.tell();
    return Math.min(deadlineNs, (isSlow ? nowNs : sinceNs) + this.#slowNs);
  }
}
