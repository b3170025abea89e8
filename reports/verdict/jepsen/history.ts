/** Histories in the shape of Jepsen's Kafka workload: operations with a type, a function and micro-operations. */

export type Value = string | number | boolean | null;
/** A topic-partition. JSON turns the keys of polls into strings, so keys compare as strings. */
export type Key = string;

export interface Send {
  readonly kind: 'send';
  readonly key: Key;
  /** Null: the offset is not known. */
  readonly offset: number | null;
  readonly value: Value;
}

export interface Poll {
  readonly kind: 'poll';
  /** In the order of the keys as they came: offset (null: not known) and value. */
  readonly pairs: ReadonlyMap<Key, readonly (readonly [number | null, Value])[]>;
}

export interface Operation {
  readonly index: number;
  readonly process: Value;
  readonly type: 'invoke' | 'ok' | 'info' | 'fail';
  readonly f: string;
  /** Of send, poll and txn. */
  readonly steps: readonly (Send | Poll)[];
  /** Of assign and subscribe: the keys that remain. */
  readonly keys: readonly Key[];
  readonly rebalanced: ReadonlySet<Key>;
}

/** What is not a history that this profile reads. */
export class JepsenHistoryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JepsenHistoryError';
  }
}

const TYPES = ['invoke', 'ok', 'info', 'fail'] as const;

export interface ParsedHistory {
  readonly operations: readonly Operation[];
  /** A key as a send wrote it, for the output. */
  keyAsWritten(key: Key): Value;
}

/** Reads the operations of one history; throws JepsenHistoryError for anything malformed. */
export function parseHistory(history: unknown): ParsedHistory {
  const written = new Map<Key, Value>();
  const keyOf = (value: Value): Key => {
    const key = String(value);
    if (!written.has(key)) written.set(key, value);
    return key;
  };
  const operations = list(history, 'history').map((entry, position) => {
    const op = object(entry, `operation ${position}`);
    const type = TYPES.find((known) => known === op.type);
    if (type === undefined) throw new JepsenHistoryError(`operation ${position}: type ${JSON.stringify(op.type)}`);
    const f = String(op.f);
    const isSubscription = f === 'assign' || f === 'subscribe';
    const hasSteps = f === 'send' || f === 'poll' || f === 'txn';
    const where = `operation ${position}`;
    return {
      index: typeof op.index === 'number' ? op.index : position,
      process: scalar(op.process ?? null, where),
      type,
      f,
      steps: hasSteps ? list(op.value, where).map((step) => stepOf(step, where, keyOf)) : [],
      keys: isSubscription ? list(op.value, where).map((key) => keyOf(scalar(key, where))) : [],
      rebalanced: rebalancedKeys(op['rebalance-log'] ?? op.rebalanceLog, where),
    };
  });
  return { operations, keyAsWritten: (key) => written.get(key) ?? key };
}

function stepOf(step: unknown, where: string, keyOf: (value: Value) => Key): Send | Poll {
  const [name, first, second] = list(step, where);
  if (name === 'send') {
    const key = keyOf(scalar(first, where));
    if (!Array.isArray(second)) return { kind: 'send', key, offset: null, value: scalar(second, where) };
    return { kind: 'send', key, offset: offsetOf(second[0], where), value: scalar(second[1], where) };
  }
  if (name !== 'poll') throw new JepsenHistoryError(`${where}: step ${JSON.stringify(name)}`);
  const pairs = new Map<Key, [number | null, Value][]>();
  if (first !== undefined && first !== null) {
    for (const [key, values] of Object.entries(object(first, where))) {
      const read = list(values, where).map((pair): [number | null, Value] => {
        const [offset, value] = list(pair, where);
        return [offsetOf(offset, where), scalar(value, where)];
      });
      pairs.set(key, read);
    }
  }
  return { kind: 'poll', pairs };
}

function rebalancedKeys(log: unknown, where: string): ReadonlySet<Key> {
  if (log === undefined || log === null) return new Set();
  const keys = list(log, where).flatMap((entry) => list(object(entry, where).keys ?? [], where));
  return new Set(keys.map((key) => String(scalar(key, where))));
}

/** Values that an operation sent, by key, in order. */
export function sentBy(operation: Operation): Map<Key, Value[]> {
  const values = new Map<Key, Value[]>();
  for (const step of operation.steps) if (step.kind === 'send') append(values, step.key, step.value);
  return values;
}

/** Values that an operation polled, by key, in order. */
export function polledBy(operation: Operation): Map<Key, Value[]> {
  const values = new Map<Key, Value[]>();
  for (const step of operation.steps) {
    if (step.kind !== 'poll') continue;
    for (const [key, pairs] of step.pairs) for (const [, value] of pairs) append(values, key, value);
  }
  return values;
}

export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const values = lists.get(key);
  if (values === undefined) lists.set(key, [value]);
  else values.push(value);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new JepsenHistoryError(`${where}: expected a list, found ${typeof value}`);
  return value;
}

function object(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JepsenHistoryError(`${where}: expected an object`);
  }
  return value as Record<string, unknown>;
}

function scalar(value: unknown, where: string): Value {
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return value as Value;
  throw new JepsenHistoryError(`${where}: expected a plain value, found ${typeof value}`);
}

function offsetOf(value: unknown, where: string): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new JepsenHistoryError(`${where}: offset ${JSON.stringify(value)}`);
}
