import { EVENT, type EventKind, GAP } from '../../workloads/history.ts';

/**
 * The form of a history in a file: one JSON object a line. The first line is the header, then events in time order for
 * each actor, faults and leaders wherever they come, and the end. `README.md` beside this file describes it.
 */
export const HISTORY_SCHEMA = 1;
/** A longer line is no line of a history; the reader never holds more. */
export const LINE_MAX_BYTES: number = 8 * 1024 * 1024;

/** Columns of a row beside kind, time and actor. */
export type Column = 'partition' | 'offset' | 'sequence' | 'a' | 'b';

/** How a field of a line is written. */
export type FieldForm =
  | { readonly kind: 'number' }
  | { readonly kind: 'flag' }
  | { readonly kind: 'word'; readonly words: Readonly<Record<string, number>> };

export interface Field {
  readonly name: string;
  readonly column: Column;
  readonly form: FieldForm;
  /** Absent means -1: not known, or none. */
  readonly optional: boolean;
  readonly about: string;
}

export interface EventForm {
  readonly kind: EventKind;
  readonly about: string;
  readonly fields: readonly Field[];
}

const NUMBER: FieldForm = { kind: 'number' };
const FLAG: FieldForm = { kind: 'flag' };
const field = (name: string, column: Column, about: string, form: FieldForm = NUMBER): Field => ({
  name,
  column,
  form,
  optional: false,
  about,
});
const optional = (name: string, column: Column, about: string): Field => ({
  name,
  column,
  form: NUMBER,
  optional: true,
  about,
});
const partition = field('partition', 'partition', 'index in the list of partitions of the header');
const offset = field('offset', 'offset', 'offset in the partition');
const sequence = field('sequence', 'sequence', "the record's number: a writer counts 0, 1, 2, … over all its records");
const commitNumber = field('sequence', 'sequence', 'number of this commit within the actor');
const transaction = field('sequence', 'sequence', 'number of the transaction within the actor');

export const EVENT_FORMS: Readonly<Record<keyof typeof EVENT, EventForm>> = {
  send: {
    kind: EVENT.send,
    about: 'A producer hands over a record.',
    fields: [
      partition,
      sequence,
      optional('intended', 'a', 'when it was to be sent by the schedule'),
      optional('bytes', 'b', 'size of its value'),
    ],
  },
  ack: {
    kind: EVENT.ack,
    about: 'The broker acknowledged a record: the promise that P1 is about.',
    fields: [
      partition,
      optional('offset', 'offset', 'where it stands; absent with acks=0'),
      sequence,
      optional('intended', 'a', 'when it was to be sent by the schedule'),
    ],
  },
  fail: {
    kind: EVENT.fail,
    about: 'A send ended without an acknowledgement.',
    fields: [
      partition,
      sequence,
      optional('error', 'a', 'Kafka error code; absent for a timeout or a lost connection'),
      field('definite', 'b', 'true: the protocol says that it was not written', FLAG),
    ],
  },
  read: {
    kind: EVENT.read,
    about: 'A consumer or an auditor was given a record.',
    fields: [
      partition,
      offset,
      sequence,
      field('writer', 'a', 'actor that sent it'),
      optional('epoch', 'b', 'leader epoch of its batch'),
    ],
  },
  assign: {
    kind: EVENT.assign,
    about: 'A reader got a partition.',
    fields: [
      partition,
      field('offset', 'offset', 'where reading starts'),
      optional('generation', 'a', "the group's generation"),
    ],
  },
  revoke: {
    kind: EVENT.revoke,
    about: 'A reader gave a partition up.',
    fields: [
      partition,
      optional('generation', 'a', "the group's generation"),
      field('lost', 'b', 'true: without a chance to commit', FLAG),
    ],
  },
  processed: {
    kind: EVENT.processed,
    about: 'The application is done with every record below the offset.',
    fields: [partition, offset],
  },
  commit: {
    kind: EVENT.commit,
    about: 'A consumer asks to commit an offset.',
    fields: [partition, offset, commitNumber, optional('generation', 'a', "the group's generation")],
  },
  commitAck: { kind: EVENT.commitAck, about: 'A commit was acknowledged.', fields: [partition, offset, commitNumber] },
  commitFail: {
    kind: EVENT.commitFail,
    about: 'A commit was not acknowledged.',
    fields: [
      partition,
      offset,
      commitNumber,
      optional('error', 'a', 'Kafka error code'),
      field('definite', 'b', 'true: it was not applied', FLAG),
    ],
  },
  committed: {
    kind: EVENT.committed,
    about: 'What a fetch of the committed offset answered.',
    fields: [
      partition,
      optional('offset', 'offset', 'absent: none was committed'),
      optional('asked', 'a', 'when it was asked'),
    ],
  },
  txnBegin: {
    kind: EVENT.txnBegin,
    about: 'Sends that follow belong to the transaction until its end.',
    fields: [transaction],
  },
  txnEnd: {
    kind: EVENT.txnEnd,
    about: 'The end of a transaction is asked for.',
    fields: [transaction, field('commit', 'a', 'false: abort', FLAG)],
  },
  txnResult: {
    kind: EVENT.txnResult,
    about: 'What became of a transaction.',
    fields: [
      transaction,
      field('outcome', 'a', 'as the producer knows it', {
        kind: 'word',
        words: { committed: 1, aborted: 0, unknown: -1 },
      }),
      optional('error', 'b', 'Kafka error code'),
    ],
  },
  gap: {
    kind: EVENT.gap,
    about: 'A reader found offsets without records.',
    fields: [
      partition,
      field('offset', 'offset', 'the first missing one'),
      field('next', 'a', 'the next one that is there'),
      field('reason', 'b', 'as far as the reader can know', { kind: 'word', words: GAP }),
    ],
  },
  logEnd: {
    kind: EVENT.logEnd,
    about: 'An auditor asked, after healing, where the log begins and ends.',
    fields: [
      partition,
      field('offset', 'offset', 'the end; for read_committed the last stable offset'),
      field('start', 'a', 'the log start'),
    ],
  },
  seek: {
    kind: EVENT.seek,
    about: "A consumer's own move.",
    fields: [partition, offset, field('reset', 'a', 'true: by auto.offset.reset', FLAG)],
  },
  txnOffsets: {
    kind: EVENT.txnOffsets,
    about: 'An input offset joins a transaction.',
    fields: [partition, offset, transaction],
  },
};

export class HistoryFileError extends Error {
  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.name = 'HistoryFileError';
  }
}
