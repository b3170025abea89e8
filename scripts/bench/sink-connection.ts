import type { FramePool } from '../../core/broker/frame-pool.ts';
import { FrameSplitter } from '../../core/broker/frame-splitter.ts';
import {
  type ApiSchema,
  type Draft,
  decodeMessage,
  decodeRequestHead,
  encodeResponseFrame,
  type Message,
  parseVersions,
  produce,
  type VersionRange,
} from '../../core/protocol/index.ts';
import type { Connection, ConnectionHandler } from '../../core/runtime.ts';
import { Served, type SinkPartition } from './sink-topic.ts';

const REQUEST_BYTES_MAX = 100 << 20;

/** How one API is answered, and in which versions. */
export interface Answer {
  readonly api: ApiSchema;
  readonly versions: VersionRange;
  /** Null: no response now. */
  answer(request: never, version: number, peer: SinkConnection, correlationId: number): unknown;
}

export function answers<A extends ApiSchema>(
  api: A,
  answer: (
    request: Message<A['request']>,
    version: number,
    peer: SinkConnection,
    correlationId: number,
  ) => Draft<A['response']> | null,
): Answer {
  const versions = parseVersions(api.request.versions)!;
  const max = api.latestVersionUnstable === true ? versions.max - 1 : versions.max;
  return { api, versions: { min: versions.min, max }, answer };
}

/** One client's connection: each piece of the stream is answered by one write. */
export class SinkConnection implements ConnectionHandler {
  readonly #transport: Connection;
  readonly #answers: ReadonlyMap<number, Answer>;
  readonly #pool: FramePool;
  readonly #splitter: FrameSplitter;
  readonly #served = new Map<SinkPartition, Served>();
  #chunks: Uint8Array[] = [];
  #reading = false;

  constructor(transport: Connection, served: ReadonlyMap<number, Answer>, pool: FramePool) {
    this.#transport = transport;
    this.#answers = served;
    this.#pool = pool;
    this.#splitter = new FrameSplitter(REQUEST_BYTES_MAX, pool, transport.lendsReads === true);
  }

  data(bytes: Uint8Array): void {
    this.#reading = true;
    if (this.#splitter.push(bytes, this.#received) !== null) this.#transport.destroy();
    this.#reading = false;
    this.#write();
  }

  closed(): void {
    this.#served.clear();
  }

  servedFrom(partition: SinkPartition): Served {
    let served = this.#served.get(partition);
    if (served === undefined) {
      served = new Served(partition);
      this.#served.set(partition, served);
    }
    return served;
  }

  readonly #received = (frame: Uint8Array, buffer: Uint8Array | null): void => {
    const head = decodeRequestHead(frame);
    const served = head.kind === 'request' ? this.#answers.get(head.api.key) : undefined;
    if (head.kind === 'unsupported' || served === undefined) {
      this.#transport.destroy();
      return;
    }
    const { api, version, correlationId } = head;
    const request = decodeMessage(api.request, version, frame, head.bodyAt);
    const response = served.answer(request as never, version, this, correlationId);
    if (response !== null) this.respond(api, version, correlationId, response as Draft<ApiSchema['response']>);
    if (buffer !== null && api.key === produce.key) this.#pool.give(buffer);
  };

  respond<A extends ApiSchema>(api: A, version: number, correlationId: number, response: Draft<A['response']>): void {
    this.#chunks.push(...encodeResponseFrame(api, version, correlationId, response));
    if (!this.#reading) this.#write();
  }

  #write(): void {
    if (this.#chunks.length === 0) return;
    this.#transport.write(this.#chunks);
    this.#chunks = [];
  }
}
