import type { ApiSchema, Draft, ListenerKind, Message } from '../protocol/index.ts';

/** What is known of a request beside its body. */
export interface RequestContext {
  readonly connectionId: number;
  readonly version: number;
  readonly clientId: string | null;
  /** The peer's address without port, as Kafka shows it in DescribeGroups: "/127.0.0.1". */
  readonly clientHost: string;
  readonly listener: ListenerKind;
  /** "User:ANONYMOUS" without authentication. */
  readonly principal: string;
  /** Size of the request's frame, for quotas and memory bounds. */
  readonly frameBytes: number;
  /** True once the connection is gone: a parked request may be dropped. */
  readonly closed: boolean;
}

/**
 * One API on the broker's side. A handler opens with a comment that says what it does and what changed per version.
 * It returns a value where it can answer at once (the hot path makes no promise), a promise where it must wait, and
 * null where the protocol wants no response (Produce with acks=0). Expected refusals are error codes in the response;
 * what it throws is our bug, answered with UNKNOWN_SERVER_ERROR.
 */
export interface Handler<A extends ApiSchema = ApiSchema> {
  readonly api: A;
  /** Versions served and advertised, `'3-13'`; absent: all that the schema has. */
  readonly versions?: string;
  handle(
    request: Message<A['request']>,
    context: RequestContext,
  ): Draft<A['response']> | null | Promise<Draft<A['response']> | null>;
}

export interface ResponseBuffers {
  /** At least so many bytes, with whatever stood there. */
  lend(bytes: number): Uint8Array;
  /** Takes back at once what was lent for this response so far: none of it will be sent. */
  takeBack(): void;
}

export interface DeferredContext extends RequestContext {
  /** Ends the connection with a logged reason: how a refused Produce with acks=0 shows. */
  disconnect(reason: string): void;
  /**
   * Buffers for a response that only passes through, null where the peer may go on to hold what it was sent. What was
   * lent is taken back when the response has left.
   */
  readonly buffers: ResponseBuffers | null;
  /** Called once if the connection ends before the response is given: what waits for nobody can be dropped. */
  whenClosed(callback: () => void): void;
}

/**
 * For the requests of the hot path (Produce, Fetch), which are often answered at the end of the turn: a callback instead
 * of a promise. `respond` is called exactly once, before or after `handleLater` returns; null: no response.
 */
export interface DeferredHandler<A extends ApiSchema = ApiSchema> {
  readonly api: A;
  readonly versions?: string;
  handleLater(
    request: Message<A['request']>,
    context: DeferredContext,
    respond: (response: Draft<A['response']> | null) => void,
  ): void;
}

/** For a list of handlers of different APIs: the registry looks the handler up by key and the codec by its schema. */
// biome-ignore lint/suspicious/noExplicitAny: a heterogeneous list; each element was checked where it was made.
export type AnyHandler = Handler<any> | DeferredHandler<any>;
