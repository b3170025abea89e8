import { GAP } from '../../workloads/history.ts';
import type { Audit, Case } from './case.ts';
import { CLAUSE } from './clause-texts.ts';
import type { Standing } from './clauses.ts';
import { FLAG } from './record-table.ts';
import type { Example } from './result.ts';
import { JUMP } from './sessions.ts';
import type { Tally } from './tally.ts';

/**
 * P1: every acknowledged record is readable at its offset, after healing and drain. An indeterminate send (timeout,
 * disconnect) owes nothing, nor does a record of a transaction that was aborted or whose outcome is unknown. What the
 * auditor has not reached is late, not lost, and so undecided.
 */
export function judgeDurable(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { table } = ledger;
  const compacted = gapsOf(judged, GAP.compacted);
  const corrupt = gapsOf(judged, GAP.corrupt);
  const owesNothing = FLAG.aborted | FLAG.undecided;
  for (let row = 0; row < table.rows; row++) {
    const flags = table.flags(row);
    if ((flags & FLAG.acked) === 0 || (flags & owesNothing) !== 0) continue;
    const partition = table.partition(row);
    tally.check(partition);
    if ((flags & FLAG.auditedInPlace) !== 0) continue;
    const hasOffset = (flags & FLAG.hasOffset) !== 0;
    if (!hasOffset && (flags & FLAG.audited) !== 0) continue;
    const offset = hasOffset ? table.offset(row) : -1;
    const audit = judged.audits[partition];
    if (audit === undefined) {
      tally.undecided(partition, 'no auditor read this partition');
      continue;
    }
    if (hasOffset && judged.isAuditedAt(row, offset)) continue;
    const late = lateness(audit, offset);
    if (late !== null) {
      tally.undecided(partition, late);
      continue;
    }
    const example = (standing: Standing) => lossExample(judged, row, partition, offset, audit, standing);
    // Behind damaged bytes no reader comes, whatever else still stands there.
    const damage = isWithin(corrupt, partition, offset) ? judged.damageOf(partition) : null;
    const removed = damage ?? removal(judged, row, partition, offset, audit, compacted);
    if (removed !== null) {
      const standing: Standing = { kind: 'allowed', clause: removed, fault: null };
      tally.allow(partition, removed, () => example(standing));
      continue;
    }
    const standing = judged.lossOf(row, partition, offset);
    if (standing.kind === 'allowed') tally.allow(partition, standing.clause, () => example(standing));
    else if (standing.kind === 'unknown')
      tally.undecided(partition, `${evidence.record(row)} is lost; ${standing.reason}`);
    else tally.fail(partition, () => example(standing));
  }
}

/** Why a record that was not found may still be there; null when it is not. */
function lateness(audit: Audit, offset: number): string | null {
  if (audit.incomplete !== null && (offset < 0 || offset >= audit.position || audit.logEnd < 0)) {
    return audit.incomplete;
  }
  if (audit.isolation === 'read_committed' && (offset < 0 || offset >= audit.logEnd)) {
    return 'the auditor reads committed records only, and the last stable offset is below';
  }
  return null;
}

/** Retention and compaction remove what was promised no longer. */
function removal(judged: Case, row: number, partition: number, offset: number, audit: Audit, compacted: Gaps) {
  const promise = judged.promise(partition);
  if (offset >= 0 && offset < audit.logStart && promise.deletes) {
    const isOld = audit.lastReadNs - judged.ledger.table.time(row) >= promise.retentionMs * 1e6;
    if (isOld || Number.isFinite(promise.retentionBytes)) return CLAUSE.retention(promise);
  }
  if (promise.compacted && offset >= 0) {
    if (isWithin(compacted, partition, offset)) return CLAUSE.compaction();
  }
  return null;
}

type Gaps = ReadonlyMap<number, readonly (readonly [first: number, next: number])[]>;

function isWithin(gaps: Gaps, partition: number, offset: number): boolean {
  return gaps.get(partition)?.some(([first, next]) => offset >= first && offset < next) === true;
}

/** Offsets that auditors were not given for this reason, by partition. */
function gapsOf(judged: Case, reason: number): Gaps {
  const gaps = new Map<number, [number, number][]>();
  const { jumps } = judged.sessions;
  for (let index = 0; index < jumps.length; index++) {
    if (jumps.at(index, JUMP.reason) !== reason) continue;
    if (judged.names.actors[jumps.at(index, JUMP.actor)]?.role.kind !== 'auditor') continue;
    const partition = jumps.at(index, JUMP.partition);
    const list = gaps.get(partition) ?? [];
    list.push([jumps.at(index, JUMP.expected), jumps.at(index, JUMP.found)]);
    gaps.set(partition, list);
  }
  return gaps;
}

function lossExample(
  judged: Case,
  row: number,
  partition: number,
  offset: number,
  audit: Audit,
  standing: Standing,
): Example {
  const { evidence, ledger } = judged;
  const acked = ledger.table.time(row);
  const at = offset < 0 ? '' : ` offset ${offset}`;
  const instead = offset < 0 ? -1 : ledger.offsets.get(partition, offset);
  const ack = evidence.event(acked, 'acked');
  const past = evidence.event(audit.lastReadNs, `read past by ${evidence.actor(audit.actor)}`);
  const other =
    instead >= 0 && instead !== row ? evidence.event(null, `the offset now holds ${evidence.record(instead)}`) : null;
  const parts = [`${evidence.record(row)}${at} ${evidence.acks(row)}`.trimEnd(), ack.text];
  if (other !== null) parts.push(other.text);
  parts.push(past.text);
  return evidence.example(partition, offset, parts.join('; '), [ack, past, other], standing, row);
}
