import {
  type ApiSchema,
  apiVersions,
  type Draft,
  decodeResponse,
  ErrorCode,
  encodeRequestFrame,
  type Message,
  parseVersions,
  peekCorrelationId,
  type VersionRange,
} from '../protocol/index.ts';
import type { Connection, Runtime, Timer } from '../runtime.ts';
import { Alarm } from './alarm.ts';
import { authenticate, type ChannelSecurity, faultOf, type SecurityFailure, SPEAKS_TLS } from './authentication.ts';
import { ResponseFrames } from './response-frames.ts';

/** Why a request got no answer. The request may have been carried out: only `notSent` says that it was not. */
export class ChannelError extends Error {
  readonly kind: 'notSent' | 'timeout' | 'disconnected' | 'malformed' | 'unsupportedVersion' | 'authentication';
  /** Of kind 'authentication': what was wrong. Such a connection was never opened, so nothing was sent. */
  readonly fault: SecurityFailure | null;
  constructor(
    kind: ChannelError['kind'],
    message: string,
    fault: SecurityFailure | null = null,
    cause: unknown = undefined,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ChannelError';
    this.kind = kind;
    this.fault = fault;
  }
}

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
  /** Called when the oldest request has waited so long, and again after each such time that it waits on. */
  readonly slow?: { readonly afterMs: number; readonly tell: () => void };
}

/**
 * One connection to a broker: requests out in order, responses matched by correlation id, every wait bounded. Used by
 * the clients, by followers, by the quorum and by brokers that forward to the controller.
 */
export interface Channel {
  /** The highest version that both ends know, at most `cap`; null when there is none. */
  version(api: ApiSchema, cap?: number): number | null;
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
const LAST_CORRELATION_ID = 2147483647;
/** What KIP-511 tells the broker about us; both must match its pattern of letters, digits, dots and dashes. */
const CLIENT_SOFTWARE = { clientSoftwareName: 'faultline', clientSoftwareVersion: '0.1.0' } as const;

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

/** The versions of an API that this code speaks; a last version that is still a preview is not one of them. */
function ownVersions(api: ApiSchema): VersionRange | null {
  let own = ownRanges.get(api);
  if (own === undefined) {
    own = parseVersions(api.request.versions);
    if (own !== null && api.latestVersionUnstable === true) own = { min: own.min, max: own.max - 1 };
    ownRanges.set(api, own);
  }
  return own;
}

/** Asked before each request: every declaration is read once. */
const ownRanges = new Map<ApiSchema, VersionRange | null>();

interface Pending {
  readonly api: ApiSchema;
  readonly version: number;
  readonly askedNs: number;
  readonly deadlineNs: number;
  sent: boolean;
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: ChannelError) => void;
}

class ConnectionChannel implements Channel {
  onClose: (() => void) | null = null;
  readonly #connection: Connection;
  readonly #runtime: ChannelOptions['runtime'];
  readonly #clientId: string | null;
  readonly #frames: ResponseFrames;
  readonly #alarm: Alarm;
  readonly #security: ChannelSecurity | undefined;
  readonly #slow: ChannelOptions['slow'];
  readonly #address: string;
  readonly #pending = new Map<number, Pending>();
  /** Highest common version by API key; -1 for none. Absent: not looked up yet (or versions are fixed). */
  #brokerVersions: ReadonlyMap<number, { min: number; max: number }> | null = null;
  #outgoing: Uint8Array[] = [];
  #unsent: Pending[] = [];
  #nextCorrelationId = 0;
  #closed = false;
  /** The session with the broker is being renewed: until it is, only the requests that do so may leave (KIP-368). */
  #renewing = false;
  #renewal: Timer | null = null;

  constructor(connection: Connection, options: ChannelOptions) {
    this.#connection = connection;
    this.#runtime = options.runtime;
    this.#clientId = options.clientId;
    this.#security = options.security;
    this.#slow = options.slow;
    this.#address = `${options.host}:${options.port}`;
    const lent = connection.lendsReads === true;
    this.#frames = new ResponseFrames(options.maxResponseBytes ?? DEFAULT_MAX_RESPONSE_BYTES, lent);
    this.#alarm = new Alarm(options.runtime, () => this.#expire());
    connection.handler = {
      data: (bytes) => this.#receive(bytes),
      closed: (reason) => this.#end(new ChannelError('disconnected', reason ?? 'the broker closed the connection')),
    };
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  get waitingSinceNs(): number | null {
    for (const { askedNs } of this.#pending.values()) return askedNs;
    return null;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get copiesWrites(): boolean {
    return this.#connection.copiesWrites === true;
  }

  version(api: ApiSchema, cap: number = Number.POSITIVE_INFINITY): number | null {
    const own = ownVersions(api);
    if (own === null) return null;
    let min = own.min;
    let max = Math.min(own.max, cap);
    if (this.#brokerVersions !== null) {
      const theirs = this.#brokerVersions.get(api.key);
      if (theirs === undefined) return null;
      min = Math.max(min, theirs.min);
      max = Math.min(max, theirs.max);
    }
    return min <= max ? max : null;
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
      const correlationId = this.#takeCorrelationId();
      // An EncodeError here rejects the promise before anything is remembered: the draft was wrong, not the wire.
      const frame = encodeRequestFrame(api, version, correlationId, this.#clientId, draft);
      const askedNs = this.#runtime.clock.monotonicNs();
      const deadlineNs = askedNs + timeoutMs * 1e6;
      const pending: Pending = {
        api,
        version,
        askedNs,
        deadlineNs,
        sent: ahead,
        resolve: resolve as (body: unknown) => void,
        reject,
      };
      this.#pending.set(correlationId, pending);
      this.#alarm.noLaterThan(Math.min(deadlineNs, askedNs + this.#slowNs));
      if (ahead) {
        this.#connection.write(frame);
        return;
      }
      this.#unsent.push(pending);
      this.#write(frame);
    });
  }

  send<A extends ApiSchema>(api: A, version: number, draft: Draft<A['request']>): void {
    if (this.#closed) return;
    this.#write(encodeRequestFrame(api, version, this.#takeCorrelationId(), this.#clientId, draft));
  }

  close(): void {
    this.#flush();
    this.#connection.close();
    this.#end(new ChannelError('disconnected', 'the connection was closed by this side'));
  }

  /** ApiVersions at our highest version; a broker that does not know it answers with its own range (KIP-511). */
  async negotiate(deadlineNs: number): Promise<void> {
    const own = ownVersions(apiVersions)!;
    let version = own.max;
    for (;;) {
      const answer = await this.request(apiVersions, version, CLIENT_SOFTWARE, this.#leftMs(deadlineNs));
      if (answer.errorCode === ErrorCode.none) {
        this.#brokerVersions = new Map(
          answer.apiKeys.map((range) => [range.apiKey, { min: range.minVersion, max: range.maxVersion }]),
        );
        return;
      }
      if (answer.errorCode !== ErrorCode.unsupportedVersion || version === 0) {
        throw new ChannelError('unsupportedVersion', `ApiVersions was refused with error ${answer.errorCode}`);
      }
      const offered = answer.apiKeys.find((range) => range.apiKey === apiVersions.key)?.maxVersion ?? 0;
      version = offered >= 0 && offered < version ? offered : 0;
    }
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

  #takeCorrelationId(): number {
    const id = this.#nextCorrelationId;
    this.#nextCorrelationId = id === LAST_CORRELATION_ID ? 0 : id + 1;
    return id;
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
    for (const pending of this.#unsent) pending.sent = true;
    this.#unsent = [];
    this.#connection.write(chunks);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    const whole = this.#frames.push(bytes, (frame) => this.#answer(frame));
    if (whole) return;
    // A TLS alert, which is how a TLS port answers plain bytes: content type 21, version 3.x.
    const isTls = bytes[0] === 21 && bytes[1] === 3 && this.#brokerVersions === null;
    this.#fail(
      'malformed',
      isTls ? `${SPEAKS_TLS}: set security.protocol to SSL or SASL_SSL` : 'the size of a response is impossible',
    );
  }

  #answer(frame: Uint8Array): void {
    if (this.#closed) return;
    let pending: Pending | undefined;
    try {
      const correlationId = peekCorrelationId(frame);
      pending = this.#pending.get(correlationId);
      if (pending === undefined) throw new Error(`no request has correlation id ${correlationId}`);
      this.#pending.delete(correlationId);
      const { body } = decodeResponse(pending.api, versionOfResponse(pending, frame), frame);
      pending.resolve(body);
    } catch (error) {
      const reason = `malformed response: ${error instanceof Error ? error.message : String(error)}`;
      pending?.reject(new ChannelError('malformed', reason));
      this.#fail('malformed', reason);
    }
  }

  #expire(): void {
    const nowNs = this.#runtime.clock.monotonicNs();
    let earliestNs = Number.POSITIVE_INFINITY;
    let expired = false;
    for (const [correlationId, pending] of this.#pending) {
      if (pending.deadlineNs <= nowNs) {
        expired = true;
        this.#pending.delete(correlationId);
        pending.reject(new ChannelError('timeout', `no answer to ${pending.api.name} in time`));
      } else if (pending.deadlineNs < earliestNs) {
        earliestNs = pending.deadlineNs;
      }
    }
    // Answers come in order: behind one that never came, the others cannot be trusted to come either.
    if (expired) this.#fail('disconnected', 'an earlier request on this connection timed out');
    else if (earliestNs < Number.POSITIVE_INFINITY) this.#alarm.noLaterThan(this.#lookAgainNs(nowNs, earliestNs));
  }

  get #slowNs(): number {
    return this.#slow === undefined ? Number.POSITIVE_INFINITY : this.#slow.afterMs * 1e6;
  }

  /** Tells of a request that waits too long; when to look the next time. */
  #lookAgainNs(nowNs: number, deadlineNs: number): number {
    const sinceNs = this.waitingSinceNs ?? nowNs;
    const isSlow = nowNs - sinceNs >= this.#slowNs;
    if (isSlow) this.#slow?.tell();
    return Math.min(deadlineNs, (isSlow ? nowNs : sinceNs) + this.#slowNs);
  }

  #fail(kind: ChannelError['kind'], reason: string): void {
    this.#connection.destroy();
    this.#end(new ChannelError(kind, reason));
  }

  /** Every pending request ends here, at the latest when the connection does. */
  #end(error: ChannelError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#alarm.cancel();
    this.#renewal?.cancel();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#outgoing = [];
    this.#unsent = [];
    for (const request of pending) {
      request.reject(request.sent ? error : new ChannelError('notSent', error.message));
    }
    this.onClose?.();
  }
}

/** A broker that does not know the version of an ApiVersions request answers it with error 35 in a v0 body. */
function versionOfResponse(pending: Pending, frame: Uint8Array): number {
  const refused =
    pending.api.key === apiVersions.key &&
    frame.length >= 6 &&
    ((frame[4]! << 8) | frame[5]!) === ErrorCode.unsupportedVersion;
  return refused ? 0 : pending.version;
}
