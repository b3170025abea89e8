import {
  type ApiSchema,
  apiVersions,
  type Draft,
  decodeMessage,
  decodeRequestHead,
  ErrorCode,
  encodeResponseFrame,
  type Message,
  parseVersions,
} from '../../protocol/index.ts';
import type { Connection, Network } from '../../runtime.ts';
import { ResponseFrames } from '../response-frames.ts';

/** What a script does with a request. */
export type Reply<R> =
  | { readonly kind: 'answer'; readonly body: R; readonly afterMs?: number }
  /** Nothing comes back. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'hangUp' }
  /** These bytes instead of a frame. */
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

export type Script<A extends ApiSchema> = (
  request: Message<A['request']>,
  version: number,
) => Reply<Draft<A['response']>> | Promise<Reply<Draft<A['response']>>>;

// biome-ignore lint/suspicious/noExplicitAny: scripts of different APIs in one map; each was checked where it was set.
type AnyScript = (request: any, version: number) => Reply<unknown> | Promise<Reply<unknown>>;

interface Sleeper {
  after(delayMs: number, callback: () => void): unknown;
}

/** A broker that does what each test tells it, api by api. Answers leave in the order of their requests, as Kafka's. */
export class FakeBroker {
  readonly host: string;
  readonly port: number;
  /** Finalized levels of features. */
  readonly features: Map<string, number> = new Map();
  /** Names of the APIs asked for, in order. */
  readonly requests: string[] = [];
  readonly #timers: Sleeper;
  readonly #scripts = new Map<number, { readonly api: ApiSchema; readonly max: number; readonly script: AnyScript }>();

  constructor(timers: Sleeper, host: string, port: number) {
    this.#timers = timers;
    this.host = host;
    this.port = port;
    this.on(apiVersions, () => ({ kind: 'answer', body: this.versions() }));
  }

  /** Serves `api` up to `max` (default: all versions of the schema). */
  on<A extends ApiSchema>(api: A, script: Script<A>, max?: number): void {
    this.#scripts.set(api.key, { api, max: max ?? parseVersions(api.request.versions)!.max, script });
  }

  async start(network: Network): Promise<void> {
    await network.listen(this.host, this.port, (connection) => this.#accept(connection));
  }

  /** What ApiVersions says. */
  versions(): Draft<(typeof apiVersions)['response']> {
    const apiKeys = [...this.#scripts.values()].map(({ api, max }) => ({
      apiKey: api.key,
      minVersion: parseVersions(api.request.versions)!.min,
      maxVersion: max,
    }));
    const finalizedFeatures = [...this.features].map(([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    }));
    return { errorCode: ErrorCode.none, apiKeys, finalizedFeatures };
  }

  #accept(connection: Connection): void {
    const frames = new ResponseFrames(1 << 28);
    let last: Promise<void> = Promise.resolve();
    connection.handler = {
      data: (bytes) => {
        frames.push(bytes, (frame) => {
          const reply = this.#reply(frame);
          last = last.then(async () => this.#send(connection, await reply));
        });
      },
      closed: () => {},
    };
  }

  async #reply(frame: Uint8Array): Promise<{ readonly chunks: Uint8Array[] | null; readonly afterMs: number } | null> {
    const head = decodeRequestHead(frame);
    if (head.kind === 'unsupported') return null;
    const { api, version, correlationId, bodyAt } = head;
    this.requests.push(api.name);
    const known = this.#scripts.get(api.key);
    if (known === undefined) return null;
    if (version > known.max) {
      // KIP-511: an unknown version of ApiVersions is answered in version 0.
      if (api.key !== apiVersions.key) return null;
      const apiKeys = [{ apiKey: apiVersions.key, minVersion: 0, maxVersion: known.max }];
      const body = { errorCode: ErrorCode.unsupportedVersion, apiKeys };
      return { chunks: encodeResponseFrame(api, 0, correlationId, body), afterMs: 0 };
    }
    const request = decodeMessage(api.request, version, frame, bodyAt);
    const reply = await known.script(request, version);
    switch (reply.kind) {
      case 'answer':
        return {
          chunks: encodeResponseFrame(api, version, correlationId, reply.body as Draft<typeof api.response>),
          afterMs: reply.afterMs ?? 0,
        };
      case 'raw':
        return { chunks: [reply.bytes], afterMs: 0 };
      case 'silence':
        return { chunks: [], afterMs: 0 };
      case 'hangUp':
        return null;
    }
  }

  #send(
    connection: Connection,
    reply: { readonly chunks: Uint8Array[] | null; readonly afterMs: number } | null,
  ): Promise<void> {
    return new Promise((resolve) => {
      const act = (): void => {
        if (reply === null) connection.destroy();
        else if (reply.chunks !== null && reply.chunks.length > 0) connection.write(reply.chunks);
        resolve();
      };
      if (reply === null || reply.afterMs === 0) act();
      else this.#timers.after(reply.afterMs, act);
    });
  }
}
