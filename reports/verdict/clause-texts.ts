import type { Loss } from './clauses.ts';
import type { TopicPromise } from './contract.ts';
import { type ControlEvent, type LoggedFault, reachOf } from './faults.ts';
import type { Clause, ClauseSetting } from './result.ts';

/** What a clause says: why the loss is allowed, and what would have prevented it. */

export function seconds(timeNs: number): string {
  return `${(timeNs / 1e9).toFixed(3)}s`;
}

const INT64_MAX_TEXT = '9223372036854775807';

export function destroyedClause(loss: Loss, faults: readonly LoggedFault[]): Clause {
  const { promise } = loss;
  const events = faults.map((fault) => `${fault.kind} at t=${seconds(fault.atNs)} of ${brokers(fault)}`);
  const list = events.length > 3 ? `${events.slice(0, 3).join(', ')} and ${events.length - 3} more` : events.join(', ');
  const copies = promise.replicationFactor === 1 ? 'one replica' : `${promise.replicationFactor} replicas`;
  if (faults.every((fault) => reachOf(fault.kind) !== 'unsynced')) {
    return {
      id: 'storage-lost',
      text: `every broker that held the record lost stored bytes: ${list}`,
      prevention:
        promise.replicationFactor === 1
          ? 'replicationFactor: 3 with min.insync.replicas=2'
          : 'a higher min.insync.replicas, or replicas in more zones',
    };
  }
  const flushMessages = Number.isFinite(promise.flushMessages) ? promise.flushMessages : INT64_MAX_TEXT;
  const flushMs = Number.isFinite(promise.flushMs) ? ` and flush.ms=${promise.flushMs}` : '';
  const acks = loss.acks === 1 ? 'acks=1' : 'acks=all';
  return {
    id: 'unflushed',
    text: `${acks} on ${copies} acknowledges from the page cache; ${list} with flush.messages=${flushMessages}${flushMs}`,
    prevention:
      promise.replicationFactor === 1
        ? `replicationFactor: 3 with min.insync.replicas=2 over separate power, or ${flushEach(promise)}`
        : `replicas over separate power with a higher min.insync.replicas, or ${flushEach(promise)}`,
    settings: flushSettings(promise),
  };
}

export function brokers(fault: LoggedFault): string {
  return fault.brokers.length === 1 ? `broker ${fault.brokers[0]}` : `brokers ${fault.brokers.join(', ')}`;
}

export function acksZero(): Clause {
  return {
    id: 'acks-0',
    text: 'acks=0 promises nothing: the producer does not wait for any broker',
    prevention: 'acks=all',
  };
}

export function acksOne(promise: TopicPromise, fault: LoggedFault): Clause {
  return {
    id: 'acks-1',
    text: `acks=1 acknowledges before any follower has the record; the leader was hit by ${fault.kind} at t=${seconds(fault.atNs)}`,
    prevention: 'acks=all with min.insync.replicas=2',
    settings: acksAll(promise),
  };
}

export function acksOneMoved(promise: TopicPromise, from: number, event: ControlEvent): Clause {
  return {
    id: 'acks-1',
    text: `acks=1 acknowledges before any follower has the record; leadership went from broker ${from} to ${event.leader} at t=${seconds(event.timeNs)}`,
    prevention: 'acks=all with min.insync.replicas=2',
    settings: acksAll(promise),
  };
}

function acksAll({ topic, minInsyncReplicas }: TopicPromise): readonly ClauseSetting[] {
  const all: ClauseSetting = { of: 'producers', topic, name: 'acks', value: 'all' };
  if (minInsyncReplicas >= 2) return [all];
  return [all, { of: 'topic', topic, name: 'min.insync.replicas', value: '2' }];
}

export function uncleanClause({ topic }: TopicPromise, event: ControlEvent): Clause {
  return {
    id: 'unclean-election',
    text: `unclean.leader.election.enable=true: broker ${event.leader}, not in sync, was elected at t=${seconds(event.timeNs)}`,
    prevention: 'unclean.leader.election.enable=false',
    settings: [{ of: 'topic', topic, name: 'unclean.leader.election.enable', value: 'false' }],
  };
}

function flushSettings({ topic }: TopicPromise): readonly ClauseSetting[] {
  return topic === '__consumer_offsets'
    ? [{ of: 'brokers', name: 'log.flush.interval.messages', value: '1' }]
    : [{ of: 'topic', topic, name: 'flush.messages', value: '1' }];
}

/** The broker makes its own topics itself, with the brokers' settings: there is no topic config to set beforehand. */
function flushEach({ topic }: TopicPromise): string {
  return topic === '__consumer_offsets' ? 'log.flush.interval.messages=1 on the brokers' : 'flush.messages=1';
}

export function uncleanShutdowns(promise: TopicPromise, acked: ControlEvent, elected: ControlEvent): Clause {
  return {
    id: 'unclean-shutdowns',
    text: `every broker of the ISR {${acked.isr.join(',')}} ended without a clean shutdown before the others had caught up; broker ${elected.leader}, the last known leader, had lost its unflushed tail and was elected at t=${seconds(elected.timeNs)}`,
    prevention: `${flushEach(promise)}, or a higher min.insync.replicas`,
    settings: flushSettings(promise),
  };
}

export function lastReplica(event: ControlEvent, fault: LoggedFault): Clause {
  return {
    id: 'last-replica',
    text: `the ISR shrank to {${event.isr.join(',')}} at t=${seconds(event.timeNs)}, which lost unflushed records by ${fault.kind} at t=${seconds(fault.atNs)} and was elected again`,
    prevention: 'eligible.leader.replicas.version=1 (KIP-966)',
    settings: [{ of: 'features', name: 'eligible.leader.replicas.version', value: '1' }],
  };
}

export const CLAUSE = {
  retention: (promise: TopicPromise): Clause => ({
    id: 'retention',
    text: `retention removed it: retention.ms=${finite(promise.retentionMs)}, retention.bytes=${finite(promise.retentionBytes)}`,
    prevention: 'retention.ms=-1 and retention.bytes=-1, or a longer retention',
  }),
  damaged: (fault: LoggedFault): Clause => ({
    id: 'damaged',
    text: `${fault.kind} at t=${seconds(fault.atNs)} changed bytes that ${brokers(fault)} had stored; readers find the checksum wrong`,
    prevention: 'check.crcs=true in every consumer, and storage that checks what it holds',
  }),
  compaction: (): Clause => ({
    id: 'compaction',
    text: 'cleanup.policy=compact keeps the latest record of a key only',
    prevention: 'cleanup.policy=delete',
  }),
  noIdempotence: (): Clause => ({
    id: 'no-idempotence',
    text: 'enable.idempotence=false: a retry after a lost response writes the record again',
    prevention: 'enable.idempotence=true',
  }),
  reordering: (inFlight: number): Clause => ({
    id: 'reordering',
    text: `enable.idempotence=false with max.in.flight.requests.per.connection=${inFlight}: a retry may overtake`,
    prevention: 'enable.idempotence=true, or max.in.flight.requests.per.connection=1',
  }),
  offsetReset: (): Clause => ({
    id: 'offset-reset',
    text: 'auto.offset.reset moved the consumer past records that it never processed',
    prevention: 'auto.offset.reset=none or earliest, and a retention longer than the longest absence',
  }),
  offsetsRetention: (retentionMs: number): Clause => ({
    id: 'offsets-retention',
    text: `offsets.retention.minutes=${retentionMs / 60_000} expired the commit`,
    prevention: 'a longer offsets.retention.minutes',
  }),
} as const;

function finite(value: number): string {
  return Number.isFinite(value) ? String(value) : '-1';
}
