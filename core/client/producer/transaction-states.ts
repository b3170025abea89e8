import type { ClientError } from '../client-error.ts';

/** Where a transactional producer stands between two calls, and during one (KIP-98, KIP-1050). */
export type TransactionState =
  /** initTransactions has not succeeded yet. */
  | { readonly kind: 'uninitialized' }
  | { readonly kind: 'initializing' }
  /** Between transactions. */
  | { readonly kind: 'ready' }
  /** Records and offsets join the transaction. */
  | { readonly kind: 'open' }
  /** The end was asked for; when the call ran out of time, the same call again asks on. */
  | { readonly kind: 'committing' }
  | { readonly kind: 'aborting' }
  /** A part of the transaction has failed: only an abort goes on. */
  | { readonly kind: 'abortable'; readonly failure: ClientError }
  /** Nothing goes on: another producer has the transactional id, or what is wrong no retry cures. */
  | { readonly kind: 'fatal'; readonly failure: ClientError };

export type TransactionStateKind = TransactionState['kind'];

/** What may follow each state. */
export const TRANSITIONS: Readonly<Record<TransactionStateKind, readonly TransactionStateKind[]>> = {
  uninitialized: ['initializing', 'fatal'],
  initializing: ['ready', 'uninitialized', 'fatal'],
  ready: ['open', 'fatal'],
  open: ['committing', 'aborting', 'abortable', 'fatal'],
  committing: ['committing', 'ready', 'abortable', 'fatal'],
  aborting: ['aborting', 'ready', 'fatal'],
  abortable: ['aborting', 'fatal'],
  fatal: [],
};

export type TransactionCall =
  | 'initTransactions'
  | 'beginTransaction'
  | 'send'
  | 'commitTransaction'
  | 'abortTransaction';

/** In which states each call has a meaning. */
export const ALLOWED_IN: Readonly<Record<TransactionCall, readonly TransactionStateKind[]>> = {
  initTransactions: ['uninitialized'],
  beginTransaction: ['ready'],
  send: ['open'],
  commitTransaction: ['open', 'committing'],
  abortTransaction: ['open', 'abortable', 'aborting'],
};
