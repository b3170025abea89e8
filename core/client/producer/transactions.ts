import { ErrorCode } from '../../protocol/index.ts';
import type { TopicPartition } from '../by-leader.ts';
import { ClientError, clientError } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import type { OffsetToCommit } from '../consumer/group/commits.ts';
import { Coordinator } from '../coordinator.ts';
import type { ProducerConfig } from './config.ts';
import type { ProducerIdentity } from './partition-queue.ts';
import {
  addOffsets,
  addPartitions,
  askForIdentity,
  commitOffsetsInTransaction,
  endTransaction,
  type GroupMetadata,
} from './transaction-requests.ts';
import { ALLOWED_IN, TRANSITIONS, type TransactionCall, type TransactionState } from './transaction-states.ts';

/** What the transactions ask of the producer that they belong to. */
export interface TransactionWork {
  /** Resolves when nothing that was added has no end. */
  flush(): Promise<void>;
  /** Something may be sent, or has to be given up. */
  changed(): void;
  /** From here on batches are numbered under another identity. Nothing is in flight. */
  renewed(): void;
}

/** KIP-890: from this level of the feature on the broker adds partitions itself, and each transaction has an epoch. */
const FEATURE = 'transaction.version';
const IMPLICIT_FROM = 2;

/** Errors of a batch after which no transaction of this producer can go on. */
const FATAL_FOR_BATCHES: ReadonlySet<number> = new Set<number>([
  ErrorCode.clusterAuthorizationFailed,
  ErrorCode.transactionalIdAuthorizationFailed,
  ErrorCode.producerFenced,
  ErrorCode.unsupportedVersion,
]);

/**
 * The transactions of one producer, one after another: their state, and what is asked of the coordinator. Every call is
 * bounded by max.block.ms, and by delivery.timeout.ms for the records under way. A call whose time is over while the end
 * is not known may be repeated, and only that one.
 */
export class Transactions {
  readonly #cluster: Cluster;
  readonly #config: ProducerConfig;
  readonly #coordinator: Coordinator;
  readonly #work: TransactionWork;
  #state: TransactionState = { kind: 'uninitialized' };
  #identity: ProducerIdentity | null = null;
  /** The client adds partitions itself: the cluster is older than KIP-890. */
  #addsPartitions = true;
  /** By "topic partition": those that the coordinator was told of in this transaction, and whether it has confirmed. */
  readonly #added = new Map<string, 'asked' | 'confirmed'>();
  /** Those that it is to be told of next. */
  readonly #toAdd = new Map<string, TopicPartition>();
  #adding: Promise<void> | null = null;
  /** Whether the coordinator knows that this transaction has begun. */
  #begun: 'no' | 'maybe' | 'yes' = 'no';
  /** Sequences may have gaps, or an old request may still arrive: the next transaction needs another epoch (KIP-360). */
  #bumpWanted = false;
  /** An EndTxn that commits was asked for, and nobody said that it was not carried out. */
  #maybeCommitted = false;
  #call: TransactionCall | null = null;

  constructor(cluster: Cluster, config: ProducerConfig, transactionalId: string, work: TransactionWork) {
    this.#cluster = cluster;
    this.#config = config;
    this.#coordinator = new Coordinator(cluster, transactionalId, 'transactional id');
    this.#work = work;
  }

  get state(): TransactionState {
    return this.#state;
  }

  /** Under which records go out now; null before the first. */
  get current(): ProducerIdentity | null {
    return this.#identity;
  }

  /** The client tells the coordinator of each partition before it sends to it. */
  get addsPartitions(): boolean {
    return this.#addsPartitions;
  }

  /** Why what waits to be sent will never be; null while it may. */
  get refusal(): ClientError | null {
    const { state } = this;
    if (state.kind === 'abortable' || state.kind === 'fatal') return state.failure;
    return state.kind === 'aborting' ? ABORTED : null;
  }

  /** An identity comes with initTransactions alone. */
  ask(): void {}

  /** @throws ClientError 'transactionState' outside of a transaction. */
  refuseUnlessBegun(): void {
    if (this.#state.kind !== 'open' && this.refusal === null) throw misplaced('send', this.#state);
  }

  /** Whether records may be sent to this partition now; if not, it is seen to. */
  admits(topic: string, partition: number): boolean {
    if (this.#state.kind !== 'open' && this.#state.kind !== 'committing') return false;
    if (!this.#addsPartitions) {
      this.#begun = 'yes';
      return true;
    }
    const key = `${topic} ${partition}`;
    const told = this.#added.get(key);
    if (told !== undefined) return told === 'confirmed';
    this.#toAdd.set(key, { topic, partition });
    this.#adding ??= this.#addPartitions();
    return false;
  }

  /** A record of the open transaction has failed for good: the transaction is not whole any more. */
  recordFailed(errorCode: number, definite: boolean, message: string): void {
    if (this.#state.kind === 'uninitialized' || this.#state.kind === 'ready' || this.#state.kind === 'fatal') return;
    if (!definite) this.#wantBump();
    if (FATAL_FOR_BATCHES.has(errorCode)) {
      const kind = errorCode === ErrorCode.producerFenced ? 'fenced' : 'refused';
      this.#fail(new ClientError(kind, message, errorCode, definite));
    } else {
      // A sequence was perhaps used up, and INVALID_PRODUCER_EPOCH may be an older coordinator's word (KIP-588).
      this.#wantBump();
      this.#fail(new ClientError('abortable', message, errorCode, definite));
    }
  }

  async init(): Promise<void> {
    await this.#during('initTransactions', async (timeoutMs) => {
      this.#move({ kind: 'initializing' });
      try {
        await this.#takeIdentity(null, timeoutMs);
      } catch (error) {
        const failure = clientError(error);
        if (isPassing(failure)) this.#move({ kind: 'uninitialized' });
        else this.#move({ kind: 'fatal', failure });
        throw failure;
      }
      this.#move({ kind: 'ready' });
    });
  }

  begin(): void {
    this.#refuse('beginTransaction');
    this.#maybeCommitted = false;
    this.#move({ kind: 'open' });
  }

  /** The offsets are committed with the transaction, or not at all. */
  async sendOffsets(offsets: readonly OffsetToCommit[], group: GroupMetadata): Promise<void> {
    await this.#during('send', async (timeoutMs, deadlineNs) => {
      if (offsets.length === 0) return;
      const identity = this.#identity!;
      try {
        if (this.#addsPartitions) {
          await this.#telling(addOffsets(this.#coordinator, identity, group.groupId, timeoutMs));
        }
        this.#begun = 'yes';
        const groupCoordinator = new Coordinator(this.#cluster, group.groupId);
        const leftMs = Math.max(0, (deadlineNs - this.#nowNs()) / 1e6);
        const id = this.#coordinator.groupId;
        await commitOffsetsInTransaction(groupCoordinator, id, identity, group, offsets, this.#addsPartitions, leftMs);
      } catch (error) {
        this.#fail(clientError(error));
        throw this.refusal ?? error;
      }
    });
  }

  /**
   * Sends what was added, then commits. @throws ClientError 'abortable' when something of the transaction has failed,
   * 'fenced', 'refused', or 'timeout': then its end is not known, and only this call goes on. `definite`: surely not committed.
   */
  async commit(): Promise<void> {
    await this.#during('commitTransaction', async (timeoutMs) => {
      this.#move({ kind: 'committing' });
      await this.#work.flush();
      await this.#adding;
      if (this.refusal !== null) {
        const { kind, message, code } = this.refusal;
        throw new ClientError(kind, message, code, !this.#maybeCommitted);
      }
      await this.#end(true, timeoutMs);
    });
  }

  /** Gives up what was not sent yet, and takes back the rest. @throws ClientError 'fenced', 'refused', 'timeout'. */
  async abort(): Promise<void> {
    await this.#during('abortTransaction', async (timeoutMs) => {
      this.#move({ kind: 'aborting' });
      this.#work.changed();
      await this.#work.flush();
      await this.#adding;
      if (this.#state.kind === 'fatal') throw this.#state.failure;
      await this.#end(false, timeoutMs);
    });
  }

  async #end(committed: boolean, timeoutMs: number): Promise<void> {
    const deadlineNs = this.#nowNs() + timeoutMs * 1e6;
    try {
      if (this.#begun !== 'no') {
        const isCertain = this.#begun === 'yes';
        await this.#askForEnd(committed, isCertain, timeoutMs);
        this.#begun = 'no';
      }
      if (this.#bumpWanted) await this.#takeIdentity(this.#identity, Math.max(0, (deadlineNs - this.#nowNs()) / 1e6));
    } catch (error) {
      const failure = clientError(error);
      if (!isPassing(failure)) this.#fail(failure);
      throw failure;
    }
    this.#added.clear();
    this.#toAdd.clear();
    this.#move({ kind: 'ready' });
  }

  async #askForEnd(committed: boolean, isCertain: boolean, timeoutMs: number): Promise<void> {
    const identity = this.#identity!;
    let next: ProducerIdentity;
    try {
      next = await endTransaction(this.#coordinator, identity, committed, this.#addsPartitions, timeoutMs);
    } catch (error) {
      // The coordinator has heard of no transaction: there is nothing to abort.
      const hasNone = error instanceof ClientError && error.code === ErrorCode.invalidTxnState;
      if (!committed && !isCertain && hasNone) return;
      const { kind, message, code, definite } = clientError(error);
      if (committed && !definite) this.#maybeCommitted = true;
      throw new ClientError(kind, message, code, !this.#maybeCommitted && definite);
    }
    if (next !== identity) this.#adopt(next);
  }

  /** Answers of AddPartitionsToTxn let waiting batches go; whatever came meanwhile is asked for next. */
  async #addPartitions(): Promise<void> {
    try {
      // All that is looked at in this turn goes together.
      await null;
      while (this.#toAdd.size > 0 && this.refusal === null) {
        const keys = [...this.#toAdd.keys()];
        const partitions = [...this.#toAdd.values()];
        this.#toAdd.clear();
        for (const key of keys) this.#added.set(key, 'asked');
        const { values } = this.#config;
        await this.#telling(addPartitions(this.#coordinator, this.#identity!, partitions, values['max.block.ms']));
        for (const key of keys) this.#added.set(key, 'confirmed');
        this.#work.changed();
      }
    } catch (error) {
      this.#fail(clientError(error));
    } finally {
      this.#adding = null;
    }
  }

  /** The coordinator is told of this transaction, perhaps for the first time. */
  async #telling(request: Promise<void>): Promise<void> {
    try {
      await request;
      this.#begun = 'yes';
    } catch (error) {
      if (this.#begun === 'no' && !clientError(error).definite) this.#begun = 'maybe';
      throw error;
    }
  }

  async #takeIdentity(continued: ProducerIdentity | null, timeoutMs: number): Promise<void> {
    const { values } = this.#config;
    const transactionTimeoutMs = values['transaction.timeout.ms'];
    this.#adopt(await askForIdentity(this.#coordinator, transactionTimeoutMs, continued, timeoutMs));
    this.#addsPartitions = this.#coordinator.featureLevel(FEATURE) < IMPLICIT_FROM;
    this.#bumpWanted = false;
  }

  #adopt(identity: ProducerIdentity): void {
    this.#identity = identity;
    this.#work.renewed();
  }

  /** By KIP-890 the end of each transaction bumps the epoch anyway. */
  #wantBump(): void {
    if (this.#addsPartitions) this.#bumpWanted = true;
  }

  /** The transaction cannot be committed, or nothing can go on. */
  #fail(failure: ClientError): void {
    if (this.#state.kind === 'fatal') return;
    const isFatal = failure.kind === 'fenced' || failure.kind === 'refused' || failure.kind === 'authentication';
    if (isFatal || failure.kind === 'unsupportedVersion') this.#move({ kind: 'fatal', failure });
    else if (this.#state.kind === 'open' || this.#state.kind === 'committing') {
      if (failure.code === ErrorCode.unknownProducerId || failure.code === ErrorCode.invalidProducerIdMapping) {
        this.#wantBump();
      }
      const { message, code, definite } = failure;
      this.#move({ kind: 'abortable', failure: new ClientError('abortable', message, code, definite) });
    }
    this.#work.changed();
  }

  /** One call at a time. */
  async #during(call: TransactionCall, body: (timeoutMs: number, deadlineNs: number) => Promise<void>): Promise<void> {
    this.#refuse(call);
    this.#call = call;
    const timeoutMs = this.#config.values['max.block.ms'];
    try {
      await body(timeoutMs, this.#nowNs() + timeoutMs * 1e6);
    } finally {
      this.#call = null;
    }
  }

  #refuse(call: TransactionCall): void {
    if (this.#call !== null) {
      throw new ClientError('transactionState', `${call}: ${this.#call} is under way`, -1, true);
    }
    const { state } = this;
    if (ALLOWED_IN[call].includes(state.kind)) return;
    throw 'failure' in state ? state.failure : misplaced(call, state);
  }

  #move(next: TransactionState): void {
    const { kind } = this.#state;
    if (!TRANSITIONS[kind].includes(next.kind)) {
      throw new Error(`a transaction cannot go from ${kind} to ${next.kind}`);
    }
    this.#state = next;
  }

  #nowNs(): number {
    return this.#cluster.runtime.clock.monotonicNs();
  }
}

const ABORTED = new ClientError('abortable', 'the transaction is being aborted', -1, true);

/** The same call may succeed later. */
function isPassing({ kind }: ClientError): boolean {
  return kind === 'timeout' || kind === 'disconnected' || kind === 'malformed';
}

function misplaced(call: TransactionCall, { kind }: TransactionState): ClientError {
  return new ClientError('transactionState', `${call} has no meaning while the producer is ${kind}`, -1, true);
}
