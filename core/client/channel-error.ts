import type { SecurityFailure } from './authentication.ts';

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
