import { append, type Key, type Operation, polledBy, sentBy, type Value } from './history.ts';
import { type Analysis, compareValues, type VersionOrder } from './orders.ts';

/** One finding, with operations by their index in the history. */
export type Anomaly = Readonly<Record<string, unknown>>;
export type Anomalies = Map<string, Anomaly[]>;

/** All anomalies that need no graph, each under Jepsen's name for it. */
export function findAnomalies(analysis: Analysis, found: Anomalies): void {
  inconsistentOffsets(analysis, found);
  duplicates(analysis, found);
  abortedReads(analysis, found);
  precommittedReads(analysis, found);
  lostWrites(analysis, found);
  unseen(analysis, found);
  withinOperations(analysis, found);
  betweenPolls(analysis, found);
  betweenSends(analysis, found);
}

function inconsistentOffsets({ orders }: Analysis, found: Anomalies): void {
  for (const [key, { log }] of orders) {
    for (const [index, [offset, values]] of log.entries()) {
      if (values.length < 2) continue;
      append(found, 'inconsistent-offsets', { key, offset, index, values: [...values].sort(compareValues) });
    }
  }
}

function duplicates({ orders }: Analysis, found: Anomalies): void {
  for (const [key, { log, firstIndex, lastIndex }] of orders) {
    for (const [value, first] of firstIndex) {
      if (lastIndex.get(value) === first) continue;
      const offsets = log.filter(([, values]) => values.includes(value)).map(([offset]) => offset);
      append(found, 'duplicate', { key, value, count: offsets.length, offsets });
    }
  }
}

/** G1a: an ok poll returned what a failed operation sent. */
function abortedReads({ operations, writerOf }: Analysis, found: Anomalies): void {
  const failed = new Map<Key, Set<Value>>();
  for (const operation of operations) {
    if (operation.type !== 'fail') continue;
    for (const [key, values] of sentBy(operation)) {
      failed.set(key, new Set([...(failed.get(key) ?? []), ...values]));
    }
  }
  if (failed.size === 0) return;
  for (const operation of operations) {
    if (operation.type !== 'ok') continue;
    for (const [key, values] of polledBy(operation)) {
      for (const value of values) {
        if (failed.get(key)?.has(value) !== true) continue;
        const writer = writerOf.get(key)?.get(value)?.index;
        append(found, 'G1a', { key, value, writer, reader: operation.index });
      }
    }
  }
}

function precommittedReads({ operations }: Analysis, found: Anomalies): void {
  for (const operation of operations) {
    if (operation.type === 'invoke') continue;
    const polled = polledBy(operation);
    for (const [key, values] of sentBy(operation)) {
      const value = values.find((sent) => polled.get(key)?.includes(sent) === true);
      if (value === undefined) continue;
      append(found, 'precommitted-read', { op: operation.index, key, value });
      break;
    }
  }
}

/**
 * lost-write: what stands, at its last place, no later than the latest place of which some ok poll read, must have been
 * read too, if its writer is known to have committed.
 */
function lostWrites({ orders, okReads, writerOf, readersOf, isCommitted }: Analysis, found: Anomalies): void {
  for (const [key, reads] of okReads) {
    const order = orders.get(key);
    if (order === undefined) continue;
    let bound = -1;
    for (const value of reads) bound = Math.max(bound, order.firstIndex.get(value) ?? -1);
    const due = [...order.lastIndex].filter(([, index]) => index <= bound).sort((a, b) => a[1] - b[1]);
    const furthest = due.find(([, index]) => index === bound)?.[0];
    const maxRead = furthest === undefined ? undefined : readersOf.get(key)?.get(furthest)?.[0]?.index;
    for (const [value] of due) {
      const writer = writerOf.get(key)?.get(value);
      if (reads.has(value) || writer === undefined || !isCommitted(writer)) continue;
      const index = order.firstIndex.get(value);
      append(found, 'lost-write', {
        key,
        value,
        index,
        'max-read-index': bound,
        writer: writer.index,
        'max-read': maxRead,
      });
    }
  }
}

/** unseen: acknowledged by an ok operation, and in no ok poll to the end. */
function unseen({ operations, okReads }: Analysis, found: Anomalies): void {
  const sent = new Map<Key, Set<Value>>();
  for (const operation of operations) {
    if (operation.type !== 'ok') continue;
    for (const [key, values] of sentBy(operation)) sent.set(key, new Set([...(sent.get(key) ?? []), ...values]));
  }
  for (const [key, values] of sent) {
    const messages = [...values].filter((value) => okReads.get(key)?.has(value) !== true).sort(compareValues);
    if (messages.length > 0) append(found, 'unseen', { key, count: messages.length, messages });
  }
}

/** int-*: consecutive values of one key within one operation. A rebalance in between excuses polls. */
function withinOperations({ operations, orders }: Analysis, found: Anomalies): void {
  for (const operation of operations) {
    if (operation.type === 'invoke') continue;
    for (const [kind, byKey] of [['poll', polledBy(operation)] as const, ['send', sentBy(operation)] as const]) {
      for (const [key, values] of byKey) {
        if (kind === 'poll' && operation.rebalanced.has(key)) continue;
        const order = orders.get(key);
        for (let at = 1; at < values.length; at++) {
          const pair = [values[at - 1]!, values[at]!] as const;
          const delta = deltaOf(order, ...pair);
          const common = { key, values: [...pair], delta, op: operation.index };
          if (delta > 1) append(found, `int-${kind}-skip`, { ...common, skipped: between(order!, ...pair) });
          else if (delta < 1) append(found, `int-nonmonotonic-${kind}`, common);
        }
      }
    }
  }
}

/** poll-skip and nonmonotonic-poll: from a process's last ok poll of a key to its next poll of it. */
function betweenPolls({ operations, orders }: Analysis, found: Anomalies): void {
  const last = new Map<Value, Map<Key, Operation>>();
  for (const operation of operations) {
    const held = keep(last, operation);
    if (operation.type === 'invoke' || operation.keys.length > 0) continue;
    const polled = polledBy(operation);
    for (const [key, values] of polled) {
      const before = held.get(key);
      const from = before === undefined ? undefined : polledBy(before).get(key)?.at(-1);
      if (before === undefined || from === undefined) continue;
      const order = orders.get(key);
      const pair = [from, values[0]!] as const;
      const delta = deltaOf(order, ...pair);
      const ops = [before.index, operation.index];
      if (delta > 1) append(found, 'poll-skip', { key, ops, delta, skipped: between(order!, ...pair) });
      else if (delta < 1) append(found, 'nonmonotonic-poll', { key, ops, values: [...pair], delta });
    }
    // A poll that failed, or may have, is compared but does not advance: the consumer rewinds after it.
    if (operation.type !== 'ok') continue;
    // One that returned nothing of a key has no last value: the next is compared with nothing, as Jepsen does it.
    for (const step of operation.steps) {
      if (step.kind === 'poll') for (const key of step.pairs.keys()) held.set(key, operation);
    }
  }
}

function betweenSends({ operations, orders }: Analysis, found: Anomalies): void {
  const last = new Map<Value, Map<Key, Operation>>();
  for (const operation of operations) {
    if (operation.type !== 'ok' && operation.type !== 'info') continue;
    const held = keep(last, operation);
    for (const [key, values] of sentBy(operation)) {
      const before = held.get(key);
      held.set(key, operation);
      if (before === undefined) continue;
      const pair = [sentBy(before).get(key)!.at(-1)!, values[0]!] as const;
      const delta = deltaOf(orders.get(key), ...pair);
      if (delta < 1)
        append(found, 'nonmonotonic-send', { key, values: [...pair], delta, ops: [before.index, operation.index] });
    }
  }
}

/** What a process holds; an assignment (even one of unknown outcome) forgets the keys that it drops. */
function keep(last: Map<Value, Map<Key, Operation>>, operation: Operation): Map<Key, Operation> {
  const held = last.get(operation.process) ?? new Map<Key, Operation>();
  last.set(operation.process, held);
  const isSubscription = operation.f === 'assign' || operation.f === 'subscribe';
  if (isSubscription && (operation.type === 'ok' || operation.type === 'info')) {
    for (const key of [...held.keys()]) if (!operation.keys.includes(key)) held.delete(key);
  }
  return held;
}

/** Distance in the version order; 1 where it is not known. */
function deltaOf(order: VersionOrder | undefined, from: Value, to: Value): number {
  const a = order?.byValue.get(from);
  const b = order?.byValue.get(to);
  return a === undefined || b === undefined ? 1 : b - a;
}

function between(order: VersionOrder, from: Value, to: Value): Value[] {
  return order.byIndex.slice(order.byValue.get(from)! + 1, order.byValue.get(to)!);
}
