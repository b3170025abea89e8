import {
  type ApiSchema,
  apiVersions,
  type Draft,
  decodeResponse,
  encodeRequestFrame,
  type Message,
  peekCorrelationId,
} from '../protocol/index.ts';
import type { Connection, Runtime, Timer } from '../runtime.ts';
import { authenticate, type ChannelSecurity, faultOf, isTlsAlert, SPEAKS_TLS } from './authentication.ts';
import { ChannelError } from './channel-error.ts';
import { type InFlightRequest, InFlightRequests, type SlowRequests } from './in-flight-requests.ts';
import { NodeApiVersions, versionOfResponse } from './node-api-versions.ts';
import { ResponseFrames } from './response-frames.ts';

export interface ChannelOptions {
  readonly runtime: Pick<Runtime, 'network' | 'timers' | 'clock'>;
  readonly host: string;
  readonly port: number;
  readonly clientId: string | null;
  readonly connectTimeoutMs: number;
  /** A response larger than this is malformed. Default 256 MiB. */
  readonly maxResponseBytes?: number;
  /** Skip ApiVersions and use these versions: between our own nodes. Default: ask. */
  readonly fixedVersions?: boolean;
  /** TLS and SASL; default neither. */
  readonly security?: ChannelSecurity;
  readonly slow?: SlowRequests;
}

/**
 * One connection to a broker: requests out in order, responses matched by correlation id, every wait bounded. Used by
 * the clients, by followers, by the quorum and by brokers that forward to the controller.
 */
export interface Channel {
  /** The highest version that both ends know, at most `cap`; null when there is none. */
  version(api: ApiSchema, cap?: number): number | null;
  /** The level that the cluster's controller has finalized for a feature (KIP-584); 0 for none, or none told. */
  featureLevel(name: string): number;
  /** Resolves with the decoded body. Rejects with ChannelError. After a timeout the channel is closed. */
  request<A extends ApiSchema>(
    api: A,
    version: number,
    draft: Draft<A['request']>,
    timeoutMs: number,
  ): Promise<Message<A['response']>>;
  /** For requests without a response (Produce with acks=0). */
  send<A extends ApiSchema>(api: A, version: number, draft: Draft<A['request']>): void;
  readonly inFlight: number;
  /** When the oldest request without an answer was made (monotonic); null for none. */
  readonly waitingSinceNs: number | null;
  readonly closed: boolean;
  /** As the connection has it: what was sent and answered is the sender's again. */
  readonly copiesWrites: boolean;
  /** Called once when the connection ends. */
  onClose: (() => void) | null;
  close(): void;
}

const DEFAULT_MAX_RESPONSE_BYTES = 268435456;
/** A session that is not renewed within this time is given up. */
const RENEWAL_MS = 30_000;

/**
 * Connects, asks for the broker's versions unless they are fixed, and says who it is. Rejects with ChannelError within
 * `connectTimeoutMs`: 'notSent' when there is no connection, 'authentication' when the ends do not accept each other.
 */
export async function openChannel(options: ChannelOptions): Promise<Channel> {
  const { network, clock } = options.runtime;
  const deadlineNs = clock.monotonicNs() + options.connectTimeoutMs * 1e6;
  let connection: Connection;
  try {
    connection = await network.connect(options.host, options.port, options.connectTimeoutMs, options.security?.tls);
  } catch (error) {
    const fault = faultOf(error);
    const kind = fault === null ? 'notSent' : 'authentication';
    throw new ChannelError(kind, error instanceof Error ? error.message : String(error), fault, error);
  }
  const channel = new ConnectionChannel(connection, options);
  if (options.fixedVersions === true) return channel;
  try {
    await channel.negotiate(deadlineNs);
    await channel.authenticate(deadlineNs);
  } catch (error) {
    channel.close();
    const fault = faultOf(error);
    throw fault === null ? error : new ChannelError('authentication', (error as Error).message, fault);
  }
  return channel;
}

class ConnectionChannel implements Channel {
  onClose: (() => void) | null = null;
  readonly #connection: Connection;
  readonly #runtime: ChannelOptions['runtime'];
  readonly #clientId: string | null;
  readonly #frames: ResponseFrames;
  readonly #inFlight: InFlightRequests;
  readonly #versions: NodeApiVersions = new NodeApiVersions();
  readonly #security: ChannelSecurity | undefined;
  readonly #address: string;
  #outgoing: Uint8Array[] = [];
  #unsent: InFlightRequest[] = [];
  #closed = false;
  /** The session with the broker is being renewed: until it is, only the requests that do so may leave (KIP-368). */
  #renewing = false;
  #renewal: Timer | null = null;

  constructor(connection: Connection, options: ChannelOptions) {
    this.#connection = connection;
    this.#runtime = options.runtime;
    this.#clientId = options.clientId;
    this.#security = options.security;
    this.#address = `${options.host}:${options.port}`;
    const lent = connection.lendsReads === true;
    this.#frames = new ResponseFrames(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES, lent);
    this.#inFlight = new InFlightRequests(options.runtime, options.slow, () => {
      // Answers come in order: behind one that never came, the others cannot be trusted to come either.
      this.#fail('disconnected', 'an earlier request on this connection timed out');
    });
    connection.handler = {
      data: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#end(new ChannelError('disconnected', reason ?? 'the broker closed the connection')),
    };
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  get waitingSinceNs(): number | null {
    return this.#inFlight.waitingSinceNs;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get copiesWrites(): boolean {
    return this.#connection.copiesWrites === true;
  }

  version(api: ApiSchema, cap: number = Number.POSITIVE_INFINITY): number | null {
    return this.#versions.latest(api, cap);
  }

  featureLevel(name: string): number {
    return this.#versions.featureLevel(name);
  }

  request<A extends ApiSchema>(
    api: A,
    version: number,
    draft: Draft<A['request']>,
    timeoutMs: number,
  ): Promise<Message<A['response']>> {
    return this.#ask(api, version, draft, timeoutMs, false);
  }

  /** `ahead`: it leaves although the session is being renewed. */
  #ask<A extends ApiSchema>(
    api: A,
    version: number,
    draft: Draft<A['request']>,
    timeoutMs: number,
    ahead: boolean,
  ): Promise<Message<A['response']>> {
    if (this.#closed) return Promise.reject(new ChannelError('notSent', 'the connection is closed'));
    return new Promise((resolve, reject) => {
      const correlationId = this.#inFlight.takeCorrelationId();
      // An EncodeError here rejects the promise before anything is remembered: the draft was wrong, not the wire.
      const frame = encodeRequestFrame(api, version, correlationId, this.#clientId, draft);
      const askedNs = this.#runtime.clock.monotonicNs();
      const deadlineNs = askedNs + timeoutMs * 1e6;
      const answered = resolve as (body: unknown) => void;
      const request = { api, version, askedNs, deadlineNs, sent: ahead, resolve: answered, reject };
      this.#inFlight.add(correlationId, request);
      if (ahead) {
        this.#connection.write(frame);
        return;
      }
      this.#unsent.push(request);
      this.#write(frame);
    });
  }

  send<A extends ApiSchema>(api: A, version: number, draft: Draft<A['request']>): void {
    if (this.#closed) return;
    this.#write(encodeRequestFrame(api, version, this.#inFlight.takeCorrelationId(), this.#clientId, draft));
  }

  close(): void {
    this.#flush();
    this.#connection.close();
    this.#end(new ChannelError('disconnected', 'the connection was closed by this side'));
  }

  /** Asks the broker for its versions. */
  negotiate(deadlineNs: number): Promise<void> {
    return this.#versions.negotiate((version, draft) =>
      this.request(apiVersions, version, draft, this.#leftMs(deadlineNs)),
    );
  }

  /** SASL, when it is asked for; again before the session ends, on the same connection. */
  async authenticate(deadlineNs: number): Promise<void> {
    const sasl = this.#security?.sasl;
    if (sasl === undefined) return;
    const session = await authenticate(sasl, this.#address, this.#runtime, {
      version: (api) => this.version(api),
      ask: (api, version, draft) => this.#ask(api, version, draft, this.#leftMs(deadlineNs), true),
      leftMs: () => this.#leftMs(deadlineNs),
    });
    if (session.renewAfterMs === null || this.#closed) return;
    this.#renewal = this.#runtime.timers.after(session.renewAfterMs, () => {
      // `#renew` does not reject: nothing is left floating.
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    this.#flush();
    this.#renewing = true;
    try {
      await this.authenticate(this.#runtime.clock.monotonicNs() + RENEWAL_MS * 1e6);
    } catch (error) {
      // The next connection finds out what is wrong; of what was sent on this one nothing is known.
      this.#fail('disconnected', `the session could not be renewed: ${(error as Error).message}`);
      return;
    }
    this.#renewing = false;
    this.#flush();
  }

  #leftMs(deadlineNs: number): number {
    return Math.max(0, (deadlineNs - this.#runtime.clock.monotonicNs()) / 1e6);
  }

  /** Requests of one turn leave together. A microtask is early enough to coalesce what one caller sends in a row. */
  #write(frame: readonly Uint8Array[]): void {
    if (this.#outgoing.length === 0) {
      // `#flush` does not throw: nothing is left floating.
      void Promise.resolve().then(() => this.#flush());
    }
    for (const chunk of frame) this.#outgoing.push(chunk);
  }

  #flush(): void {
    if (this.#outgoing.length === 0 || this.#closed || this.#renewing) return;
    const chunks = this.#outgoing;
    this.#outgoing = [];
    for (const request of this.#unsent) request.sent = true;
    this.#unsent = [];
    this.#connection.write(chunks);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (this.#frames.push(bytes, (frame) => this.#answer(frame))) return;
    const isTls = !this.#versions.isKnown && isTlsAlert(bytes);
    this.#fail(
      'malformed',
      isTls ? `${SPEAKS_TLS}: set security.protocol to SSL or SASL_SSL` : 'the size of a response is impossible',
    );
  }

  #answer(frame: Uint8Array): void {
    if (this.#closed) return;
    let request: InFlightRequest | undefined;
    try {
      request = this.#inFlight.take(peekCorrelationId(frame));
      const { body } = decodeResponse(request.api, versionOfResponse(request.api, request.version, frame), frame);
      request.resolve(body);
    } catch (error) {
      const reason = `malformed response: ${error instanceof Error ? error.message : String(error)}`;
      request?.reject(new ChannelError('malformed', reason));
      this.#fail('malformed', reason);
    }
  }

  #fail(kind: ChannelError['kind'], reason: string): void {
    this.#connection.destroy();
    this.#end(new ChannelError(kind, reason));
  }

  /** Every pending request ends here, at the latest when the connection does. */
  #end(error: ChannelError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#renewal?.cancel();
    this.#outgoing = [];
    this.#unsent = [];
    this.#inFlight.end(error);
    this.onClose?.();
  }
}
