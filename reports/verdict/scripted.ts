import {
  type ActorRole,
  EVENT,
  type EventKind,
  GAP,
  HISTORY_WIDTH,
  type HistoryNames,
} from '../../workloads/history.ts';
import { type Config, contract, type RunConfigs } from './contract.ts';
import type { ControlEvent, LoggedFault } from './faults.ts';
import type { VerdictResult } from './result.ts';
import { Verdict, type VerdictEnd } from './verdict.ts';

/** Histories written by hand, for the tests of the rules: milliseconds in, rows out. */

export interface Row {
  kind: EventKind;
  /** Milliseconds. */
  t: number;
  actor: number;
  partition?: number;
  offset?: number;
  sequence?: number;
  a?: number;
  b?: number;
}

export const PRODUCER: ActorRole = { kind: 'producer', acks: -1, idempotent: true, transactional: false };
export const CONSUMER: ActorRole = { kind: 'consumer', group: 'billing', isolation: 'read_uncommitted' };
export const AUDITOR: ActorRole = { kind: 'auditor', isolation: 'read_uncommitted' };

export interface Setting {
  readonly roles: readonly ActorRole[];
  readonly partitions?: number;
  readonly brokers?: number;
  readonly replicationFactor?: number;
  readonly broker?: Config;
  readonly topic?: Config;
  readonly faults?: readonly LoggedFault[];
  readonly replay?: string;
}

export function namesOf(setting: Setting): HistoryNames {
  return {
    actors: setting.roles.map((role, index) => ({ name: `${role.kind}-${index}`, role })),
    partitions: Array.from({ length: setting.partitions ?? 1 }, (_, partition) => ({ topic: 'orders', partition })),
  };
}

export function fault(kind: string, brokers: readonly number[], atMs: number, untilMs: number | null): LoggedFault {
  const untilNs = untilMs === null ? null : untilMs * 1e6;
  return { id: 'f1', kind, target: `broker ${brokers[0]}`, brokers, atNs: atMs * 1e6, untilNs, confirmed: true };
}

/** Leadership and ISR of partition 0 from a time on, in a leader epoch that no earlier time has. */
export function isrAt(timeMs: number, leader: number, isr: readonly number[], unclean = false): ControlEvent {
  return { timeNs: timeMs * 1e6, partition: 0, leader, leaderEpoch: timeMs, isr, unclean };
}

export function toArray(rows: readonly Row[]): Float64Array {
  const array = new Float64Array(rows.length * HISTORY_WIDTH);
  rows.forEach((row, index) => {
    const { kind, t, actor, partition = -1, offset = -1, sequence = -1, a = -1, b = -1 } = row;
    array.set([kind, t * 1e6, actor, partition, offset, sequence, a, b], index * HISTORY_WIDTH);
  });
  return array;
}

export function verdictOf(setting: Setting, rows: readonly Row[], end: VerdictEnd = { drained: true }): VerdictResult {
  const configs: RunConfigs = {
    brokers: Array.from({ length: setting.brokers ?? 3 }, (_, index) => index + 1),
    broker: setting.broker ?? {},
    topics: [{ name: 'orders', replicationFactor: setting.replicationFactor ?? 3, config: setting.topic ?? {} }],
  };
  const faults = setting.faults ?? [];
  const options = setting.replay === undefined ? {} : { replay: setting.replay };
  const verdict = new Verdict(namesOf(setting), contract(configs, faults), faults, options);
  verdict.rows(toArray(rows), rows.length);
  return verdict.finish(end);
}

export function ruleOf(result: VerdictResult, rule: string): VerdictResult['rules'][number] {
  return result.rules.find((candidate) => candidate.rule === rule)!;
}

export function send(t: number, actor: number, sequence: number, partition = 0): Row {
  return { kind: EVENT.send, t, actor, partition, sequence, a: t * 1e6, b: 100 };
}
export function ack(t: number, actor: number, sequence: number, offset: number, partition = 0): Row {
  return { kind: EVENT.ack, t, actor, partition, offset, sequence, a: t * 1e6 };
}
export function read(t: number, actor: number, offset: number, writer: number, sequence: number, partition = 0): Row {
  return { kind: EVENT.read, t, actor, partition, offset, sequence, a: writer, b: 0 };
}
export function assign(t: number, actor: number, offset: number, generation = -1, partition = 0): Row {
  return { kind: EVENT.assign, t, actor, partition, offset, a: generation };
}
export function gap(t: number, actor: number, first: number, next: number, reason: number = GAP.unknown): Row {
  return { kind: EVENT.gap, t, actor, partition: 0, offset: first, a: next, b: reason };
}
export function logEnd(t: number, actor: number, end: number, start = 0, partition = 0): Row {
  return { kind: EVENT.logEnd, t, actor, partition, offset: end, a: start };
}
export function processed(t: number, actor: number, below: number): Row {
  return { kind: EVENT.processed, t, actor, partition: 0, offset: below };
}
export function commit(t: number, actor: number, offset: number, number: number, generation: number = 1): Row {
  return { kind: EVENT.commit, t, actor, partition: 0, offset, sequence: number, a: generation };
}
export function commitAck(t: number, actor: number, offset: number, number: number): Row {
  return { kind: EVENT.commitAck, t, actor, partition: 0, offset, sequence: number };
}
export function committed(t: number, actor: number, offset: number, asked: number = t - 1): Row {
  return { kind: EVENT.committed, t, actor, partition: 0, offset, a: asked * 1e6 };
}

/** An auditor that reads the given [writer, sequence] pairs from offset 0. */
export function audit(t: number, actor: number, log: readonly (readonly [number, number])[], partition = 0): Row[] {
  return [
    logEnd(t, actor, log.length, 0, partition),
    assign(t, actor, 0, -1, partition),
    ...log.map(([writer, sequence], offset) => read(t + 1, actor, offset, writer, sequence, partition)),
  ];
}

/** Actor 0 produces, 1 and 2 consume in one group, 3 audits. */
export const ROLES: readonly ActorRole[] = [PRODUCER, CONSUMER, CONSUMER, AUDITOR];
export const SETTING: Setting = { roles: ROLES };
export const SINGLE: Setting = { roles: ROLES, brokers: 1, replicationFactor: 1 };

/** That many records sent by actor 0 and acknowledged, a millisecond each. */
export function written(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => [send(index, 0, index), ack(index + 1, 0, index, index)]).flat();
}

/** What `audit` then finds when all of them are there. */
export function log(count: number): [writer: number, sequence: number][] {
  return Array.from({ length: count }, (_, index) => [0, index]);
}
