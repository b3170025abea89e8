import {
  type ApiSchema,
  DecodeError,
  type Draft,
  decodeMessage,
  decodeRequestHead,
  EncodeError,
  ErrorCode,
  encodeResponseFrame,
  type ListenerKind,
  parseVersions,
  type VersionRange,
} from '../protocol/index.ts';
import { readInt16 } from '../records/integers.ts';
import type { Logger } from '../runtime.ts';
import type { Exchange } from './exchange.ts';
import type { AnyHandler, DeferredContext, ResponseBuffers } from './handler.ts';
import type { BrokerTelemetry } from './telemetry.ts';

const PRODUCE_KEY = 0;
const API_VERSIONS_KEY = 18;

/** An API that this broker serves, and in which versions. */
export interface ServedApi {
  readonly api: ApiSchema;
  readonly versions: VersionRange;
  readonly handler: AnyHandler;
}

/** Everything that one kind of listener serves, by API key, ascending. */
export function servedApis(handlers: readonly AnyHandler[], listener: ListenerKind): ReadonlyMap<number, ServedApi> {
  const served: ServedApi[] = [];
  for (const handler of handlers) {
    const api: ApiSchema = handler.api;
    const versions = parseVersions(handler.versions ?? api.request.versions);
    if (versions === null || !api.listeners.includes(listener)) continue;
    // Kafka keeps a version that is still being worked on to itself.
    const max = api.latestVersionUnstable === true && handler.versions === undefined ? versions.max - 1 : versions.max;
    served.push({ api, versions: { min: versions.min, max }, handler });
  }
  served.sort((left, right) => left.api.key - right.api.key);
  return new Map(served.map((each) => [each.api.key, each]));
}

export interface DispatcherOptions {
  readonly log: Logger;
  readonly nowNs: () => number;
  /** Absent: nothing is counted. */
  readonly telemetry?: BrokerTelemetry;
  readonly beforeRequest?: () => void;
}

/** From a request frame to its handler and back to a response frame, for one listener. */
export class Dispatcher {
  readonly #listener: ListenerKind;
  readonly #served: ReadonlyMap<number, ServedApi>;
  readonly #log: Logger;
  readonly #options: DispatcherOptions;

  constructor(listener: ListenerKind, served: ReadonlyMap<number, ServedApi>, options: DispatcherOptions) {
    this.#listener = listener;
    this.#served = served;
    this.#log = options.log;
    this.#options = options;
  }

  mayOverlap(frame: Uint8Array): boolean {
    return frame.length >= 2 && readInt16(frame, 0) === PRODUCE_KEY;
  }

  serve(exchange: Exchange): void {
    try {
      this.#serve(exchange);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      exchange.connection.disconnect(`malformed request: ${error.message}`);
    }
  }

  #serve(exchange: Exchange): void {
    const { connection, frame } = exchange;
    const head = decodeRequestHead(frame);
    const key = head.kind === 'request' ? head.api.key : head.apiKey;
    const served = this.#served.get(key);
    if (
      head.kind === 'unsupported' ||
      served === undefined ||
      head.version < served.versions.min ||
      head.version > served.versions.max
    ) {
      if (key === API_VERSIONS_KEY && served !== undefined)
        this.#answerUnknownApiVersions(exchange, head.correlationId);
      else connection.disconnect(`API key ${key} version ${head.version} is not served`);
      return;
    }
    const { api, handler } = served;
    const { telemetry, nowNs, beforeRequest } = this.#options;
    const startedNs = telemetry === undefined ? 0 : nowNs();
    beforeRequest?.();
    const { version, correlationId, clientId } = head;
    const request = decodeMessage(api.request, version, frame, head.bodyAt);
    const context = new ExchangeContext(exchange, version, clientId, this.#listener);
    const counted = telemetry?.of(key, api.name);
    const respond = (response: Draft<ApiSchema['response']> | null): void => {
      const bytes = this.#respond(exchange, api, version, correlationId, response);
      if (counted === undefined) return;
      counted.responseBytes += bytes;
      counted.totalUs.record((nowNs() - exchange.receivedNs) / 1000);
    };
    counted?.queueUs.record((startedNs - exchange.receivedNs) / 1000);
    try {
      if ('handleLater' in handler) {
        handler.handleLater(request, context, respond);
        counted?.localUs.record((nowNs() - startedNs) / 1000);
        return;
      }
      const response = handler.handle(request, context);
      counted?.localUs.record((nowNs() - startedNs) / 1000);
      if (response instanceof Promise) {
        response.then(respond, (error: unknown) => this.#failed(exchange, api, version, correlationId, error));
      } else {
        respond(response);
      }
    } catch (error) {
      this.#failed(exchange, api, version, correlationId, error);
    }
  }

  #respond(
    exchange: Exchange,
    api: ApiSchema,
    version: number,
    correlationId: number,
    response: Draft<ApiSchema['response']> | null,
  ): number {
    if (exchange.connection.isClosed) return 0;
    if (response === null) {
      exchange.respond(null);
      return 0;
    }
    let frame: Uint8Array[];
    try {
      frame = encodeResponseFrame(api, version, correlationId, response);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      this.#failed(exchange, api, version, correlationId, error);
      return 0;
    }
    exchange.respond(frame);
    return frame.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** What a handler throws is a bug of ours: it costs the request, or the connection where the answer has no place for it. */
  #failed(exchange: Exchange, api: ApiSchema, version: number, correlationId: number, error: unknown): void {
    const counted = this.#options.telemetry?.of(api.key, api.name);
    if (counted !== undefined) counted.errors++;
    this.#log.error('a request failed', { api: api.name, version, error });
    if (exchange.answered || exchange.connection.isClosed) return;
    if (!('errorCode' in api.response.fields)) {
      exchange.connection.disconnect(`${api.name} v${version} failed`);
      return;
    }
    const draft = { errorCode: ErrorCode.unknownServerError } as Draft<ApiSchema['response']>;
    try {
      exchange.respond(encodeResponseFrame(api, version, correlationId, draft));
    } catch {
      exchange.connection.disconnect(`${api.name} v${version} failed`);
    }
  }

  /** KIP-511: a client newer than this broker gets the range of ApiVersions in the oldest form, and asks again. */
  #answerUnknownApiVersions(exchange: Exchange, correlationId: number): void {
    const { api, versions } = this.#served.get(API_VERSIONS_KEY)!;
    const draft = {
      errorCode: ErrorCode.unsupportedVersion,
      apiKeys: [{ apiKey: API_VERSIONS_KEY, minVersion: versions.min, maxVersion: versions.max }],
    };
    exchange.respond(encodeResponseFrame(api, 0, correlationId, draft as Draft<ApiSchema['response']>));
  }
}

class ExchangeContext implements DeferredContext {
  readonly version: number;
  readonly clientId: string | null;
  readonly listener: ListenerKind;
  readonly principal = 'User:ANONYMOUS';
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, version: number, clientId: string | null, listener: ListenerKind) {
    this.#exchange = exchange;
    this.version = version;
    this.clientId = clientId;
    this.listener = listener;
  }

  get connectionId(): number {
    return this.#exchange.connection.id;
  }
  get clientHost(): string {
    return `/${this.#exchange.connection.remoteHost}`;
  }
  get frameBytes(): number {
    return this.#exchange.frame.length;
  }
  get closed(): boolean {
    return this.#exchange.connection.isClosed;
  }
  get buffers(): ResponseBuffers | null {
    return this.#exchange.buffers;
  }
  disconnect(reason: string): void {
    this.#exchange.connection.disconnect(reason);
  }
  whenClosed(callback: () => void): void {
    this.#exchange.whenClosed(callback);
  }
}
