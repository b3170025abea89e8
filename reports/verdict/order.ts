import type { Case } from './case.ts';
import { CLAUSE } from './clause-texts.ts';
import { MOVE, OVERTAKEN } from './ledger.ts';
import { FLAG } from './record-table.ts';
import type { Clause, Example } from './result.ts';
import type { Tally } from './tally.ts';

/** Kafka's default for max.in.flight.requests.per.connection. */
const IN_FLIGHT_DEFAULT = 5;

/**
 * P4: in every partition the log, as audited, follows each writer's sequence; where no audit is complete, the
 * acknowledged offsets do, save those of records that the contract allows to be lost: the log then began again below
 * them. The first copy of a record counts: copies are P5's matter.
 */
export function judgeOrder(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { overtaken, table } = ledger;
  for (let partition = 0; partition < ledger.audited.length; partition++) {
    tally.check(partition, ledger.audited[partition]!);
  }
  for (let index = 0; index < overtaken.length; index++) {
    const row = overtaken.at(index, OVERTAKEN.row);
    const partition = overtaken.at(index, OVERTAKEN.partition);
    const offset = overtaken.at(index, OVERTAKEN.offset);
    report(judged, tally, table.writerOf(row), partition, () => {
      const event = evidence.event(overtaken.at(index, OVERTAKEN.time), 'read');
      const sentence = `${evidence.record(row)} at offset ${offset} stands behind seq ${overtaken.at(index, OVERTAKEN.after)}; ${event.text}`;
      return evidence.example(partition, offset, sentence, [event], undefined, row);
    });
  }
  for (let writer = 0; writer < judged.names.actors.length; writer++) orderOfAcks(judged, tally, writer);
}

function orderOfAcks(judged: Case, tally: Tally, writer: number): void {
  const { ledger, evidence } = judged;
  const { table } = ledger;
  const lastRow = new Map<number, number>();
  const wanted = FLAG.acked | FLAG.hasOffset;
  for (const [first, end] of table.rangesOf(writer)) {
    for (let row = first; row < end; row++) {
      if ((table.flags(row) & wanted) !== wanted) continue;
      const partition = table.partition(row);
      if (judged.audits[partition]?.incomplete === null) continue;
      tally.check(partition);
      const before = lastRow.get(partition);
      lastRow.set(partition, row);
      if (before === undefined || table.offset(row) > table.offset(before)) continue;
      // The log was cut below the earlier record and went on from there: whether that was allowed is P1's matter.
      const loss = judged.lossOf(before, partition, table.offset(before));
      if (loss.kind === 'allowed') continue;
      if (loss.kind === 'unknown') {
        tally.undecided(partition, loss.reason);
        continue;
      }
      report(judged, tally, writer, partition, () => {
        const events = [evidence.event(table.time(before), 'acked'), evidence.event(table.time(row), 'acked')];
        const sentence = `${evidence.record(before)} has offset ${table.offset(before)} and the later seq ${table.sequenceOf(row)} has offset ${table.offset(row)}`;
        return evidence.example(partition, table.offset(row), sentence, events, undefined, row);
      });
    }
  }
}

function report(judged: Case, tally: Tally, writer: number, partition: number, example: () => Example): void {
  const clause = reorderingClause(judged, writer);
  if (clause === null) tally.fail(partition, example);
  else tally.allow(partition, clause, example);
}

function reorderingClause(judged: Case, writer: number): Clause | null {
  if (judged.producer(writer).idempotent) return null;
  const key = 'max.in.flight.requests.per.connection';
  const inFlight = Number(judged.contract.client(judged.evidence.actor(writer), key) ?? IN_FLIGHT_DEFAULT);
  return inFlight > 1 ? CLAUSE.reordering(inFlight) : null;
}

/** P5: with idempotence, auditors find each record at one offset. Without it a retry may write a second copy. */
export function judgeDuplicate(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { moves, table } = ledger;
  for (let partition = 0; partition < ledger.audited.length; partition++) {
    tally.check(partition, ledger.audited[partition]!);
    if (ledger.audited[partition] === 0 && ledger.reads[partition]! > 0 && judged.audits[partition] === undefined) {
      tally.undecided(partition, 'no auditor read this partition', 0);
      tally.unknown('no auditor read every partition');
    }
  }
  const found = new Map<number, Set<number>>();
  for (let index = 0; index < moves.length; index++) {
    if (moves.at(index, MOVE.audited) !== 1) continue;
    const row = moves.at(index, MOVE.row);
    const offsets = found.get(row) ?? new Set<number>();
    offsets.add(moves.at(index, MOVE.offset));
    found.set(row, offsets);
  }
  for (const [row, offsets] of found) {
    if ((table.flags(row) & FLAG.auditedInPlace) !== 0) offsets.add(table.offset(row));
    if (offsets.size < 2) continue;
    const partition = table.partition(row);
    const example = () => {
      const places = [...offsets].sort((a, b) => a - b);
      const sentence = `${evidence.record(row)} stands at offsets ${places.slice(0, 4).join(', ')}`;
      return evidence.example(partition, places[1]!, sentence, [
        evidence.event(table.time(row), 'acked or first read'),
      ]);
    };
    if (judged.producer(table.writerOf(row)).idempotent) tally.fail(partition, example);
    else tally.allow(partition, CLAUSE.noIdempotence(), example);
  }
}
