import { ErrorCode, errorInfo } from '../protocol/index.ts';
import type { SecurityFailure } from './authentication.ts';
import { ChannelError } from './channel-error.ts';

export type ClientErrorKind =
  /** The broker refused; `code` says why. */
  | 'refused'
  | 'timeout'
  | 'disconnected'
  | 'malformed'
  | 'unsupportedVersion'
  /** This client and the broker do not accept each other; `fault` says what is wrong. Trying again does not help. */
  | 'authentication'
  /** A config value or an argument is wrong. */
  | 'configuration'
  | 'closed'
  /** There is no committed offset and the reset policy is 'none'. */
  | 'noOffset'
  /** The log was cut below the position and the reset policy is 'none' (KIP-320). */
  | 'truncated'
  /** The group has moved on: this member's generation is over. */
  | 'rebalanced'
  /** The transaction cannot be committed any more: abort it, then go on (KIP-1050). */
  | 'abortable'
  /** Another producer has this transactional id now, or the coordinator gave this one up: it writes no more (KIP-98). */
  | 'fenced'
  /** The call does not fit the state of the transaction. Nothing was done. */
  | 'transactionState';

/** What the clients throw and hand to callbacks. */
export class ClientError extends Error {
  readonly kind: ClientErrorKind;
  /** Kafka's error code, -1 when no broker said one. */
  readonly code: number;
  /** The protocol says that what was asked for has surely not happened. */
  readonly definite: boolean;
  /** Of kind 'authentication' alone. */
  readonly fault: SecurityFailure | null;

  constructor(
    kind: ClientErrorKind,
    message: string,
    code = -1,
    definite = false,
    fault: SecurityFailure | null = null,
  ) {
    super(message);
    this.name = 'ClientError';
    this.kind = kind;
    this.code = code;
    this.definite = definite;
    this.fault = fault;
  }
}

/** An error code of a response as an error. */
export function refusal(what: string, code: number, message: string | null = null, definite = false): ClientError {
  const { name } = errorInfo(code);
  const text = message === null || message === '' ? `${what}: ${name}` : `${what}: ${name}: ${message}`;
  return new ClientError('refused', text, code, definite);
}

/** Whatever a request threw, as a ClientError; errors that are nobody's expectation pass through. */
export function clientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  if (!(error instanceof ChannelError)) throw error;
  const definite = error.kind === 'notSent' || !isRetriableFailure(error);
  const kind = error.kind === 'notSent' ? 'disconnected' : error.kind;
  const code = error.kind === 'unsupportedVersion' ? ErrorCode.unsupportedVersion : -1;
  return new ClientError(kind, error.message, code, definite, error.fault);
}

/** A ChannelError after which the same request may be sent again, to the same or another node. */
export function isRetriableFailure(error: unknown): boolean {
  return error instanceof ChannelError && error.kind !== 'unsupportedVersion' && error.kind !== 'authentication';
}
