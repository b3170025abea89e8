import { ErrorCode } from '../protocol/index.ts';
import { encodeBatch } from '../records/index.ts';
import type { Codecs, CompressionType, Logger } from '../runtime.ts';
import type { CoordinatorLog } from './coordinator-log.ts';
import type { GroupLogRecord } from './group-records.ts';
import type { TransactionalProducer } from './requests.ts';

/** What became of a write. `written` may hold although the answer is an error: then readers of the log see it. */
export interface WriteOutcome {
  readonly errorCode: number;
  readonly written: boolean;
}

interface QueuedWrite {
  outcome: WriteOutcome | null;
  readonly done: (outcome: WriteOutcome) => void;
}

/**
 * Writes of one partition. Whatever order their outcomes come in, they are told in the order of the log, so that memory
 * follows the log record by record.
 */
export class ShardWriter {
  readonly #partition: number;
  readonly #leaderEpoch: number;
  readonly #log: CoordinatorLog;
  readonly #codecs: Codecs;
  readonly #compression: CompressionType;
  readonly #logger: Logger;
  #queue: QueuedWrite[] = [];

  constructor(options: {
    readonly partition: number;
    readonly leaderEpoch: number;
    readonly log: CoordinatorLog;
    readonly codecs: Codecs;
    readonly compression: CompressionType;
    readonly logger: Logger;
  }) {
    this.#partition = options.partition;
    this.#leaderEpoch = options.leaderEpoch;
    this.#log = options.log;
    this.#codecs = options.codecs;
    this.#compression = options.compression;
    this.#logger = options.logger;
  }

  /** `done` is called once, never before this returns. */
  write(
    records: readonly GroupLogRecord[],
    wallMs: number,
    transaction: TransactionalProducer | null,
    done: (outcome: WriteOutcome) => void,
  ): void {
    const batch = encodeBatch(
      records.map(({ key, value }) => ({ timestamp: wallMs, key, value })),
      this.#codecs,
      {
        compression: this.#compression,
        ...(transaction === null ? undefined : { ...transaction, transactional: true }),
      },
    );
    const write: QueuedWrite = { outcome: null, done };
    this.#queue.push(write);
    this.#log.append(this.#partition, batch, this.#leaderEpoch).then(
      ({ errorCode }) => {
        // Committed, although fewer replicas hold it than were asked for.
        const written = errorCode === ErrorCode.none || errorCode === ErrorCode.notEnoughReplicasAfterAppend;
        this.#settled(write, { errorCode: answerFor(errorCode), written });
      },
      (error: unknown) => {
        this.#logger.error('a group record could not be written', { partition: this.#partition, error });
        this.#settled(write, { errorCode: ErrorCode.unknownServerError, written: false });
      },
    );
  }

  #settled(write: QueuedWrite, outcome: WriteOutcome): void {
    write.outcome = outcome;
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined || first.outcome === null) return;
      this.#queue.shift();
      first.done(first.outcome);
    }
  }
}

/** What a client is told when the coordinator's own append went wrong, as Kafka translates it. */
function answerFor(errorCode: number): number {
  switch (errorCode) {
    case ErrorCode.unknownTopicOrPartition:
    case ErrorCode.notEnoughReplicas:
    case ErrorCode.notEnoughReplicasAfterAppend:
    case ErrorCode.requestTimedOut:
      return ErrorCode.coordinatorNotAvailable;
    case ErrorCode.notLeaderOrFollower:
    case ErrorCode.kafkaStorageError:
      return ErrorCode.notCoordinator;
    case ErrorCode.messageTooLarge:
    case ErrorCode.recordListTooLarge:
    case ErrorCode.invalidFetchSize:
      return ErrorCode.unknownServerError;
    default:
      return errorCode;
  }
}
