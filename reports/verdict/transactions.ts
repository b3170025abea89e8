import { GAP } from '../../workloads/history.ts';
import type { Case } from './case.ts';
import { TRANSACTION } from './ledger.ts';
import { FLAG } from './record-table.ts';
import { JUMP } from './sessions.ts';
import type { Tally } from './tally.ts';

/** Offsets that somebody was not given, by partition: [first, next), ascending, apart from each other. */
type Hidden = ReadonlyMap<number, readonly (readonly [first: number, next: number])[]>;

/**
 * X1: a transaction is visible whole or not at all to read_committed. Broken by a committed one of which a reader was not
 * given a record that it passed, or of which the log lacks a record; and by any other of which readers were given a part.
 */
export function judgeAtomic(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { table, transactions } = ledger;
  const hidden = hiddenFromCommitted(judged);
  for (let index = 0; index < transactions.length; index++) {
    const writer = transactions.at(index, TRANSACTION.writer);
    const outcome = transactions.at(index, TRANSACTION.outcome);
    tally.check(-1);
    let shown = -1;
    let withheld = -1;
    let absent = -1;
    const last = transactions.at(index, TRANSACTION.last);
    for (let sequence = transactions.at(index, TRANSACTION.first); sequence <= last; sequence++) {
      const row = table.find(writer, sequence);
      if (row < 0) continue;
      const flags = table.flags(row);
      if ((flags & FLAG.readCommitted) !== 0) shown = row;
      else if ((flags & FLAG.hasOffset) !== 0 && isHidden(hidden, table.partition(row), table.offset(row))) {
        withheld = row;
      }
      if (isAbsent(judged, row, flags)) absent = row;
    }
    const missing = withheld >= 0 ? withheld : absent;
    if (missing < 0 || (outcome !== 1 && (shown < 0 || withheld < 0))) continue;
    const partition = table.partition(missing);
    tally.fail(partition, () => {
      const number = transactions.at(index, TRANSACTION.number);
      const name = `transaction ${number} of ${evidence.actor(writer)}`;
      const offset = (table.flags(missing) & FLAG.hasOffset) === 0 ? -1 : table.offset(missing);
      const at = offset < 0 ? '' : ` offset ${offset}`;
      const what = withheld >= 0 ? 'passed by a read_committed reader that was not given it' : 'not in the log';
      const part = outcome === 1 ? 'is committed' : `has ${evidence.record(shown)} shown to read_committed`;
      const sentence = `${name} ${part}, and ${evidence.record(missing)}${at} is ${what}`;
      return evidence.example(partition, offset, sentence, [], undefined, missing);
    });
  }
}

/** Never acknowledged, and not found by a whole audit either: what was acknowledged is P1's matter. */
function isAbsent(judged: Case, row: number, flags: number): boolean {
  if ((flags & FLAG.sent) === 0 || (flags & (FLAG.acked | FLAG.audited)) !== 0) return false;
  const audit = judged.audits[judged.ledger.table.partition(row)];
  return audit !== undefined && audit.incomplete === null && audit.isolation === 'read_uncommitted';
}

/** X2: read_committed never shows a record of an aborted transaction. */
export function judgeIsolation(judged: Case, tally: Tally): void {
  const { table } = judged.ledger;
  const { evidence } = judged;
  for (let row = 0; row < table.rows; row++) {
    const flags = table.flags(row);
    if ((flags & FLAG.aborted) === 0) continue;
    const partition = table.partition(row);
    tally.check(partition);
    if ((flags & FLAG.readCommitted) === 0) continue;
    tally.fail(partition, () => {
      const offset = (flags & FLAG.hasOffset) === 0 ? -1 : table.offset(row);
      const sentence = `${evidence.record(row)} offset ${offset}: its transaction was aborted, read_committed returned it`;
      return evidence.example(partition, offset, sentence, []);
    });
  }
}

/**
 * X5: the last stable offset passes every transaction that has ended. After the drain a read_committed group stands beyond
 * the records of all of them, aborted ones too; one whose end is not known may still hold it back.
 */
export function judgeLiveness(judged: Case, drained: boolean, tally: Tally): void {
  const { ledger, names, sessions, evidence } = judged;
  const { table } = ledger;
  const ended: number[] = names.partitions.map(() => -1);
  const open: number[] = names.partitions.map(() => Number.POSITIVE_INFINITY);
  for (let row = 0; row < table.rows; row++) {
    const flags = table.flags(row);
    if ((flags & FLAG.hasOffset) === 0 || (flags & FLAG.auditedInPlace) === 0) continue;
    const partition = table.partition(row);
    if ((flags & FLAG.undecided) !== 0) open[partition] = Math.min(open[partition]!, table.offset(row));
    else ended[partition] = Math.max(ended[partition]!, table.offset(row));
  }
  const groups = new Map<string, { readonly partition: number; readonly name: string; position: number }>();
  for (const [actor, partition, { position }] of sessions.all()) {
    const role = names.actors[actor]?.role;
    if (role?.kind !== 'consumer' || role.isolation !== 'read_committed') continue;
    const name = role.group ?? evidence.actor(actor);
    const key = `${partition} ${name}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { partition, name, position });
    else known.position = Math.max(known.position, position);
  }
  for (const { partition, name, position } of groups.values()) {
    if (ended[partition]! < 0) continue;
    tally.check(partition);
    if (position > ended[partition]!) continue;
    const sentence = `group ${name} stands at offset ${position}, though the transaction at offset ${ended[partition]} has ended`;
    if (position >= open[partition]!) tally.undecided(partition, `${sentence}; one before it may be open`);
    else if (!drained) tally.undecided(partition, `${sentence}; the drain did not finish`);
    else tally.fail(partition, () => evidence.example(partition, ended[partition]!, sentence, []));
  }
}

/** What read_committed readers passed without being given it; not what was deleted, compacted or cannot be read. */
function hiddenFromCommitted(judged: Case): Hidden {
  const { jumps } = judged.sessions;
  const found = new Map<number, [number, number][]>();
  for (let index = 0; index < jumps.length; index++) {
    const role = judged.names.actors[jumps.at(index, JUMP.actor)]?.role;
    if (role === undefined || role.kind === 'producer' || role.isolation !== 'read_committed') continue;
    const reason = jumps.at(index, JUMP.reason);
    if (reason === GAP.compacted || reason === GAP.retention || reason === GAP.corrupt) continue;
    const partition = jumps.at(index, JUMP.partition);
    const list = found.get(partition) ?? [];
    list.push([jumps.at(index, JUMP.expected), jumps.at(index, JUMP.found)]);
    found.set(partition, list);
  }
  const apart = new Map<number, [number, number][]>();
  for (const [partition, list] of found) {
    list.sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const [first, next] of list) {
      const before = merged.at(-1);
      if (before !== undefined && first <= before[1]) before[1] = Math.max(before[1], next);
      else if (next > first) merged.push([first, next]);
    }
    apart.set(partition, merged);
  }
  return apart;
}

function isHidden(hidden: Hidden, partition: number, offset: number): boolean {
  const list = hidden.get(partition);
  if (list === undefined) return false;
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]![1] <= offset) low = middle + 1;
    else high = middle;
  }
  return low < list.length && list[low]![0] <= offset;
}
