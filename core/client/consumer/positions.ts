import { errorInfo } from '../../protocol/index.ts';
import type { Runtime } from '../../runtime.ts';
import { backoffMs } from '../backoff.ts';
import { ClientError, clientError, refusal } from '../client-error.ts';
import type { Cluster } from '../cluster.ts';
import { EARLIEST_TIMESTAMP, LATEST_TIMESTAMP, lookUpEpochEnds, lookUpOffsets } from '../offset-lookup.ts';
import type { AssignedPartition } from './assigned-partition.ts';
import type { ConsumerConfig, OffsetReset } from './config.ts';
import type { Committer } from './group/committer.ts';

/** A committed position; null offset: none is committed. */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
  readonly metadata: string;
}

export interface PositionEvents {
  arrived(): void;
  /** The consumer's own seek. */
  moved(assigned: AssignedPartition): void;
}

/**
 * Finds where to read: the committed offset, or what auto.offset.reset says; and after a change of leader, whether the
 * log still holds what stood before the position (KIP-320).
 */
export class Positions {
  readonly #runtime: Runtime;
  readonly #cluster: Cluster;
  readonly #config: ConsumerConfig;
  readonly #events: PositionEvents;
  /** Asks the group's coordinator; absent without a group. */
  readonly #committer: Committer | null;

  constructor(
    runtime: Runtime,
    cluster: Cluster,
    config: ConsumerConfig,
    events: PositionEvents,
    committer: Committer | null,
  ) {
    this.#runtime = runtime;
    this.#cluster = cluster;
    this.#config = config;
    this.#events = events;
    this.#committer = committer;
  }

  /** Starts the look-ups that are due. Returns when one held back by time alone is due; Infinity for never. */
  update(partitions: Iterable<AssignedPartition>): number {
    const nowNs = this.#runtime.clock.monotonicNs();
    let againNs = Number.POSITIVE_INFINITY;
    const unknown: AssignedPartition[] = [];
    const resetting: AssignedPartition[] = [];
    const validating: AssignedPartition[] = [];
    for (const assigned of partitions) {
      if (assigned.isLookupInFlight || assigned.error !== null) continue;
      if (assigned.state.kind === 'fetching') this.#watchLeader(assigned);
      if (assigned.state.kind === 'fetching') continue;
      if (assigned.backoffUntilNs > nowNs) {
        againNs = Math.min(againNs, assigned.backoffUntilNs);
        continue;
      }
      if (assigned.state.kind === 'unknown') unknown.push(assigned);
      else if (assigned.state.kind === 'resetting') resetting.push(assigned);
      else validating.push(assigned);
    }
    if (unknown.length > 0) this.#start(unknown, (asked) => this.#askCommitted(asked));
    if (resetting.length > 0) this.#start(resetting, (asked) => this.#askTimestamps(asked));
    if (validating.length > 0) this.#start(validating, (asked) => this.#askEpochs(asked));
    return againNs;
  }

  /** The position is of no use: start where auto.offset.reset says, or fail the next poll. */
  resetByPolicy(assigned: AssignedPartition, reason: string): void {
    const { reset } = this.#config;
    if (reset.kind === 'none') {
      const message = `${assigned.name}: ${reason}, and auto.offset.reset is none`;
      assigned.error = new ClientError('noOffset', message, -1, true);
      return;
    }
    assigned.reset(timestampOf(reset, this.#runtime.clock.wallMs()));
  }

  /** The log was cut: at `endOffset` it goes on with other records than those that were read. */
  cutAt(assigned: AssignedPartition, epoch: number, endOffset: number): void {
    if (endOffset >= assigned.fetchOffset && endOffset >= assigned.position) {
      assigned.state = { kind: 'fetching' };
      return;
    }
    if (endOffset >= assigned.position) {
      // Only what was fetched ahead is gone.
      assigned.dropBuffered();
      assigned.state = { kind: 'fetching' };
      return;
    }
    if (this.#config.reset.kind === 'none') {
      const message = `${assigned.name}: the log was cut at ${endOffset}, below the position ${assigned.position}`;
      assigned.error = new ClientError('truncated', message, -1, true);
      return;
    }
    this.#runtime.log.warn('the log was cut below the position', {
      partition: assigned.name,
      position: assigned.position,
      endOffset,
    });
    if (endOffset < 0) this.resetByPolicy(assigned, 'the log was cut');
    else assigned.seek(endOffset, epoch);
    this.#events.moved(assigned);
  }

  /** A new leader epoch makes the position worth checking, if it is known what epoch stood before it. */
  #watchLeader(assigned: AssignedPartition): void {
    const epoch = this.#cluster.metadata.partition(assigned.topic, assigned.partition)?.leaderEpoch ?? -1;
    if (epoch <= assigned.validatedEpoch) return;
    assigned.validatedEpoch = epoch;
    if (assigned.positionEpoch >= 0 && assigned.positionEpoch < epoch) assigned.state = { kind: 'validating' };
  }

  #start(asked: readonly AssignedPartition[], ask: (asked: readonly AssignedPartition[]) => Promise<void>): void {
    const versions = asked.map((assigned) => assigned.version);
    for (const assigned of asked) assigned.isLookupInFlight = true;
    const ended = (): void => {
      for (const assigned of asked) assigned.isLookupInFlight = false;
      this.#events.arrived();
    };
    void ask(asked).then(ended, (error) => {
      const failure = clientError(error);
      for (let index = 0; index < asked.length; index++) {
        const assigned = asked[index]!;
        if (assigned.version !== versions[index]) continue;
        // Time and connections come back; what a broker refused does not change by asking again.
        if (failure.kind === 'timeout' || failure.kind === 'disconnected') this.#pause(assigned);
        else assigned.error = failure;
      }
      ended();
    });
  }

  async #askCommitted(asked: readonly AssignedPartition[]): Promise<void> {
    const versions = asked.map((assigned) => assigned.version);
    const timeoutMs = this.#config.values['default.api.timeout.ms'];
    const committed = this.#committer === null ? asked.map(() => null) : await this.#committer.fetch(asked, timeoutMs);
    for (let index = 0; index < asked.length; index++) {
      const assigned = asked[index]!;
      if (assigned.version !== versions[index]) continue;
      const found = committed[index] ?? null;
      if (found === null) this.resetByPolicy(assigned, 'there is no committed offset');
      else {
        assigned.seek(found.offset, found.leaderEpoch);
        this.#events.moved(assigned);
      }
    }
  }

  async #askTimestamps(asked: readonly AssignedPartition[]): Promise<void> {
    const versions = asked.map((assigned) => assigned.version);
    const queries = asked.map(({ topic, partition, state }) => ({
      topic,
      partition,
      timestamp: state.kind === 'resetting' ? state.timestamp : LATEST_TIMESTAMP,
    }));
    const timeoutMs = this.#config.values['default.api.timeout.ms'];
    const answers = await lookUpOffsets(this.#cluster, queries, this.#config.readCommitted, timeoutMs);
    for (let index = 0; index < asked.length; index++) {
      const assigned = asked[index]!;
      const { errorCode, value } = answers[index]!;
      if (assigned.version !== versions[index]) continue;
      if (value === null) this.#refused(assigned, errorCode);
      // Nothing that recent: what comes next is the end of the log.
      else if (value.offset < 0) assigned.reset(LATEST_TIMESTAMP);
      else {
        assigned.seek(value.offset, value.leaderEpoch);
        this.#events.moved(assigned);
      }
    }
  }

  async #askEpochs(asked: readonly AssignedPartition[]): Promise<void> {
    const versions = asked.map((assigned) => assigned.version);
    const queries = asked.map(({ topic, partition, positionEpoch }) => ({
      topic,
      partition,
      leaderEpoch: positionEpoch,
    }));
    const answers = await lookUpEpochEnds(this.#cluster, queries, this.#config.values['default.api.timeout.ms']);
    for (let index = 0; index < asked.length; index++) {
      const assigned = asked[index]!;
      const { errorCode, value } = answers[index]!;
      if (assigned.version !== versions[index] || assigned.state.kind !== 'validating') continue;
      if (value === null) this.#refused(assigned, errorCode);
      else this.cutAt(assigned, value.leaderEpoch, value.endOffset);
    }
  }

  #refused(assigned: AssignedPartition, errorCode: number): void {
    if (errorInfo(errorCode).retriable) this.#pause(assigned);
    else assigned.error = refusal(`position of ${assigned.name}`, errorCode);
  }

  #pause(assigned: AssignedPartition): void {
    const { values } = this.#config;
    const { clock, random } = this.#runtime;
    const delayMs = backoffMs(assigned.failures++, values['retry.backoff.ms'], values['retry.backoff.max.ms'], random);
    assigned.backoffUntilNs = clock.monotonicNs() + delayMs * 1e6;
    this.#cluster.refreshSoon();
  }
}

function timestampOf(reset: Exclude<OffsetReset, { kind: 'none' }>, nowMs: number): number {
  if (reset.kind === 'byDuration') return nowMs - reset.durationMs;
  return reset.kind === 'earliest' ? EARLIEST_TIMESTAMP : LATEST_TIMESTAMP;
}
