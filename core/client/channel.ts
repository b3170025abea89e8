import type { ApiSchema, Draft, Message } from '../protocol/index.ts';
import type { Runtime } from '../runtime.ts';

/** Why a request got no answer. The request may have been carried out: only `notSent` says that it was not. */
export class ChannelError extends Error {
  readonly kind: 'notSent' | 'timeout' | 'disconnected' | 'malformed' | 'unsupportedVersion';
  constructor(kind: ChannelError['kind'], message: string) {
    super(message);
    this.name = 'ChannelError';
    this.kind = kind;
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
  readonly closed: boolean;
  /** Called once when the connection ends. */
  onClose: (() => void) | null;
  close(): void;
}
