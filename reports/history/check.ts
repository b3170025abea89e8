import type { ActorRole } from '../../workloads/history.ts';
import type { RunConfigs } from '../verdict/contract.ts';
import type { ControlEvent, LoggedFault } from '../verdict/faults.ts';
import { HISTORY_SCHEMA, HistoryFileError } from './form.ts';
import type { ReadHeader } from './reader.ts';

/** A file with more of them is no history. */
const ACTORS_MAX = 100_000;
const PARTITIONS_MAX = 1_000_000;

type Value = Readonly<Record<string, unknown>>;

/** @throws HistoryFileError */
export function checkedHeader(value: Value, line: number): ReadHeader {
  if (value.faultline !== 'history') {
    throw new HistoryFileError(line, 'the first line is a header with "faultline": "history"');
  }
  if (value.schema !== HISTORY_SCHEMA) {
    throw new HistoryFileError(line, `schema ${JSON.stringify(value.schema)} is not ${HISTORY_SCHEMA}`);
  }
  const run = object(value.run ?? {}, 'run', line);
  const actors = list(value.actors, 'actors', line, ACTORS_MAX).map((entry, index) => {
    const actor = object(entry, `actors[${index}]`, line);
    return { name: text(actor.name, `actors[${index}].name`, line), role: roleOf(actor.role, index, line) };
  });
  const partitions = list(value.partitions, 'partitions', line, PARTITIONS_MAX).map((entry, index) => {
    const where = `partitions[${index}]`;
    const of = object(entry, where, line);
    return {
      topic: text(of.topic, `${where}.topic`, line),
      partition: whole(of.partition, `${where}.partition`, line),
    };
  });
  return {
    workload: run.workload === undefined ? 'history' : text(run.workload, 'run.workload', line),
    target: run.target === undefined ? 'unknown' : text(run.target, 'run.target', line),
    seed: run.seed === undefined ? 0 : whole(run.seed, 'run.seed', line),
    names: { actors, partitions },
    configs: configsOf(value.configs ?? {}, line),
  };
}

function roleOf(value: unknown, index: number, line: number): ActorRole {
  const where = `actors[${index}].role`;
  const role = object(value, where, line);
  if (role.kind === 'producer') {
    const { acks, idempotent = false, transactional = false } = role;
    if (acks !== -1 && acks !== 0 && acks !== 1) throw new HistoryFileError(line, `${where}.acks is -1, 0 or 1`);
    return { kind: 'producer', acks, idempotent: idempotent === true, transactional: transactional === true };
  }
  const isolation = role.isolation ?? 'read_uncommitted';
  if (isolation !== 'read_uncommitted' && isolation !== 'read_committed') {
    throw new HistoryFileError(line, `${where}.isolation is read_uncommitted or read_committed`);
  }
  if (role.kind === 'auditor') return { kind: 'auditor', isolation };
  if (role.kind !== 'consumer') throw new HistoryFileError(line, `${where}.kind is producer, consumer or auditor`);
  const group = role.group ?? null;
  return { kind: 'consumer', group: group === null ? null : text(group, `${where}.group`, line), isolation };
}

function configsOf(value: unknown, line: number): RunConfigs {
  const configs = object(value, 'configs', line);
  const brokers = list(configs.brokers ?? [], 'configs.brokers', line, 10_000).map((id) =>
    whole(id, 'configs.brokers', line),
  );
  const topics = list(configs.topics ?? [], 'configs.topics', line, PARTITIONS_MAX).map((entry, index) => {
    const where = `configs.topics[${index}]`;
    const topic = object(entry, where, line);
    const config = settings(topic.config ?? {}, `${where}.config`, line);
    const name = text(topic.name, `${where}.name`, line);
    const replicationFactor = whole(topic.replicationFactor, `${where}.replicationFactor`, line);
    if (topic.replicas === undefined) return { name, replicationFactor, config };
    const replicas = list(topic.replicas, `${where}.replicas`, line, PARTITIONS_MAX).map((ids) =>
      list(ids, `${where}.replicas`, line, 10_000).map((id) => whole(id, `${where}.replicas`, line)),
    );
    return { name, replicationFactor, config, replicas };
  });
  const broker = settings(configs.broker ?? {}, 'configs.broker', line);
  const clients = Object.fromEntries(
    Object.entries(object(configs.clients ?? {}, 'configs.clients', line)).map(([actor, config]) => [
      actor,
      settings(config, `configs.clients.${actor}`, line),
    ]),
  );
  return { brokers, broker, topics, clients };
}

/** @throws HistoryFileError */
export function checkedFault(value: Value, line: number): LoggedFault {
  const { confirmed, byChance, untilNs, files } = value;
  if (typeof confirmed !== 'boolean') throw new HistoryFileError(line, 'fault: confirmed is true or false');
  return {
    id: text(value.id, 'fault: id', line),
    kind: text(value.kind, 'fault: kind', line),
    target: text(value.target ?? '', 'fault: target', line),
    brokers: list(value.brokers ?? [], 'fault: brokers', line, 10_000).map((id) => whole(id, 'fault: brokers', line)),
    atNs: time(value.atNs, 'fault: atNs', line),
    untilNs: untilNs === undefined || untilNs === null ? null : time(untilNs, 'fault: untilNs', line),
    confirmed,
    ...(byChance === true ? { byChance } : {}),
    ...(files === undefined
      ? {}
      : { files: list(files, 'fault: files', line, 10_000).map((path) => text(path, 'fault: files', line)) }),
  };
}

/** @throws HistoryFileError */
export function checkedControl(value: Value, line: number, partitions: number): ControlEvent {
  const partition = whole(value.partition, 'leader: partition', line);
  if (partition < 0 || partition >= partitions) throw new HistoryFileError(line, `leader: partition ${partition}`);
  return {
    timeNs: time(value.timeNs, 'leader: timeNs', line),
    partition,
    leader: whole(value.leader, 'leader: leader', line),
    leaderEpoch: whole(value.leaderEpoch, 'leader: leaderEpoch', line),
    isr: list(value.isr, 'leader: isr', line, 10_000).map((id) => whole(id, 'leader: isr', line)),
    unclean: value.unclean === true,
    ...(value.forgotten === true ? { forgotten: true } : {}),
  };
}

function object(value: unknown, where: string, line: number): Value {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Value;
  throw new HistoryFileError(line, `${where} is an object`);
}

function list(value: unknown, where: string, line: number, max: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new HistoryFileError(line, `${where} is a list`);
  if (value.length > max) throw new HistoryFileError(line, `${where} has ${value.length} entries, more than ${max}`);
  return value;
}

function text(value: unknown, where: string, line: number): string {
  if (typeof value === 'string') return value;
  throw new HistoryFileError(line, `${where} is a text`);
}

function whole(value: unknown, where: string, line: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new HistoryFileError(line, `${where} is a whole number`);
}

function time(value: unknown, where: string, line: number): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new HistoryFileError(line, `${where} is a time in nanoseconds`);
}

function settings(value: unknown, where: string, line: number): Readonly<Record<string, string | number | boolean>> {
  const config = object(value, where, line);
  for (const [key, each] of Object.entries(config)) {
    if (!['string', 'number', 'boolean'].includes(typeof each)) {
      throw new HistoryFileError(line, `${where}.${key} is a text, a number, true or false`);
    }
  }
  return config as Readonly<Record<string, string | number | boolean>>;
}
