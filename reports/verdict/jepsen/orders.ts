import { append, type Key, type Operation, polledBy, sentBy, type Value } from './history.ts';

/** The order of one key's values, by what sends and polls said of offsets. Indices are dense: gaps do not count. */
export interface VersionOrder {
  /** Ascending: an offset and all values seen there. */
  readonly log: readonly (readonly [offset: number, values: readonly Value[]])[];
  /** One value for each index. */
  readonly byIndex: readonly Value[];
  readonly byValue: ReadonlyMap<Value, number>;
  /** Where each value stands first and last, conflicting values included. */
  readonly firstIndex: ReadonlyMap<Value, number>;
  readonly lastIndex: ReadonlyMap<Value, number>;
}

/** Everything that the searches for anomalies ask of a history. */
export interface Analysis {
  readonly operations: readonly Operation[];
  readonly orders: ReadonlyMap<Key, VersionOrder>;
  /** Values that ok polls returned. */
  readonly okReads: ReadonlyMap<Key, ReadonlySet<Value>>;
  /** Completions that tried to send a value, the last one if several did. */
  readonly writerOf: ReadonlyMap<Key, ReadonlyMap<Value, Operation>>;
  /** Completions that polled a value, in order. */
  readonly readersOf: ReadonlyMap<Key, ReadonlyMap<Value, readonly Operation[]>>;
  isCommitted(operation: Operation): boolean;
}

export function analyse(operations: readonly Operation[]): Analysis {
  const okReads = new Map<Key, Set<Value>>();
  const writerOf = new Map<Key, Map<Value, Operation>>();
  const readersOf = new Map<Key, Map<Value, Operation[]>>();
  for (const operation of operations) {
    if (operation.type === 'invoke') continue;
    for (const [key, values] of sentBy(operation)) {
      for (const value of values) inner(writerOf, key, () => new Map()).set(value, operation);
    }
    for (const [key, values] of polledBy(operation)) {
      for (const value of values) {
        append(
          inner(readersOf, key, () => new Map()),
          value,
          operation,
        );
        if (operation.type === 'ok') inner(okReads, key, () => new Set()).add(value);
      }
    }
  }
  // An indeterminate operation counts as a whole once any of its values was read.
  const isCommitted = (operation: Operation) =>
    operation.type === 'ok' ||
    (operation.type === 'info' &&
      [...sentBy(operation)].some(([key, values]) => values.some((value) => okReads.get(key)?.has(value) === true)));
  const logs = new Map<Key, Map<number, Value[]>>();
  for (const operation of operations) {
    const sendsCount = isCommitted(operation);
    for (const step of operation.steps) {
      if (step.kind === 'send') {
        if (sendsCount && step.offset !== null) see(logs, step.key, step.offset, step.value);
        continue;
      }
      // Polls count whatever became of their transaction: a poller is only ever shown what is safe.
      for (const [key, pairs] of step.pairs) {
        for (const [offset, value] of pairs) if (offset !== null) see(logs, key, offset, value);
      }
    }
  }
  const orders = new Map([...logs].map(([key, log]) => [key, orderOf(log)]));
  return { operations, orders, okReads, writerOf, readersOf, isCommitted };
}

function see(logs: Map<Key, Map<number, Value[]>>, key: Key, offset: number, value: Value): void {
  const log = inner(logs, key, () => new Map<number, Value[]>());
  const values = log.get(offset);
  if (values === undefined) log.set(offset, [value]);
  else if (!values.includes(value)) values.push(value);
}

function orderOf(offsets: ReadonlyMap<number, readonly Value[]>): VersionOrder {
  const log = [...offsets].sort((a, b) => a[0] - b[0]);
  // Where an offset has several values, any of them may stand for it; the latest seen does.
  const byIndex = log.map(([, values]) => values.at(-1)!);
  const firstIndex = new Map<Value, number>();
  const lastIndex = new Map<Value, number>();
  for (const [index, [, values]] of log.entries()) {
    for (const value of values) {
      if (!firstIndex.has(value)) firstIndex.set(value, index);
      lastIndex.set(value, index);
    }
  }
  return { log, byIndex, byValue: new Map(byIndex.map((value, index) => [value, index])), firstIndex, lastIndex };
}

function inner<K, V>(outer: Map<K, V>, key: K, make: () => V): V {
  let value = outer.get(key);
  if (value === undefined) {
    value = make();
    outer.set(key, value);
  }
  return value;
}

/** Least first, numbers before strings: the order of values in a report. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === typeof b) return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
  return typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : 0;
}
