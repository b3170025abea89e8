import { GAP } from '../../workloads/history.ts';
import type { Case } from './case.ts';
import type { Standing } from './clauses.ts';
import { JUMP, UNEXPLAINED } from './sessions.ts';
import type { Tally } from './tally.ts';

const REASON: Readonly<Record<number, string>> = {
  [UNEXPLAINED]: 'nothing said why',
  [GAP.control]: 'as control records',
  [GAP.aborted]: 'as aborted',
  [GAP.compacted]: 'as compacted',
  [GAP.retention]: 'as retained away',
  [GAP.unknown]: 'for an unknown reason',
  [GAP.corrupt]: 'as unreadable: what the broker hands out is corrupt',
};

/**
 * P6 (auditors): every offset that is missing is a control record, aborted, compacted or retained away, and the
 * configuration makes that possible. P10 (consumers): within an assignment, polls go on where the last one ended; what
 * lies between must be explained in the same way, and nothing comes twice unless the consumer sought it. Where the log
 * lost the record that it read last, the clause that allows the loss allows the jump.
 */
export function judgeJumps(judged: Case, gaps: Tally, session: Tally): void {
  const { evidence, sessions } = judged;
  const { jumps } = sessions;
  for (const [actor, partition, { passed }] of sessions.all()) {
    const kind = judged.names.actors[actor]?.role.kind;
    (kind === 'auditor' ? gaps : session).check(partition, passed);
  }
  for (let partition = 0; partition < judged.audits.length; partition++) {
    const audit = judged.audits[partition];
    const isUsed = judged.ledger.reads[partition]! > 0 || audit !== undefined;
    if (isUsed && audit?.incomplete !== null) {
      gaps.undecided(partition, audit?.incomplete ?? 'no auditor read this partition');
    }
  }
  for (let index = 0; index < jumps.length; index++) {
    const actor = jumps.at(index, JUMP.actor);
    const partition = jumps.at(index, JUMP.partition);
    const expected = jumps.at(index, JUMP.expected);
    const found = jumps.at(index, JUMP.found);
    const reason = jumps.at(index, JUMP.reason);
    const isAuditor = judged.names.actors[actor]?.role.kind === 'auditor';
    const tally = isAuditor ? gaps : session;
    // An auditor may read a stretch again; whether it finds the same is P2's matter.
    if (isAuditor && found < expected) continue;
    const standing = standingOf(judged, partition, reason);
    if (standing === 'explained') continue;
    if (standing === 'unknown') {
      tally.undecided(partition, `offsets ${expected} to ${found - 1} are missing and the reader cannot know why`);
      continue;
    }
    const example = () => {
      const what =
        found > expected
          ? `offsets ${expected} to ${found - 1} skipped ${REASON[reason] ?? `for reason ${reason}`}`
          : `offset ${found} came again where ${expected} was next`;
      const event = evidence.event(jumps.at(index, JUMP.time), evidence.actor(actor));
      return evidence.example(partition, Math.min(expected, found), `${what}; ${event.text}`, [event]);
    };
    const damage = reason === GAP.corrupt ? judged.damageOf(partition) : null;
    const loss = isAuditor || reason !== UNEXPLAINED ? null : standingOfJump(judged, index);
    if (damage !== null) tally.allow(partition, damage, example);
    else if (loss === null) tally.fail(partition, example);
    else tally.settle(partition, loss, example);
  }
}

/** A consumer whose last record is gone from the log has no place to go on from. */
function standingOfJump(judged: Case, index: number): Standing | null {
  const { jumps } = judged.sessions;
  const partition = jumps.at(index, JUMP.partition);
  const expected = jumps.at(index, JUMP.expected);
  const loss = judged.standingAt(partition, expected - 1);
  if (loss !== null || jumps.at(index, JUMP.found) > expected) return loss;
  return judged.standingOfReturn(partition, expected - 1, jumps.at(index, JUMP.since));
}

function standingOf(judged: Case, partition: number, reason: number): 'explained' | 'unknown' | 'fail' {
  const promise = judged.promise(partition);
  const isPossible = (possible: boolean) => (possible ? 'explained' : 'fail');
  switch (reason) {
    case GAP.control:
    case GAP.aborted:
      return isPossible(judged.hasTransactions);
    case GAP.compacted:
      return isPossible(promise.compacted);
    case GAP.retention:
      return isPossible(promise.deletes && Number.isFinite(Math.min(promise.retentionMs, promise.retentionBytes)));
    case GAP.unknown:
      return judged.hasTransactions || promise.compacted ? 'unknown' : 'fail';
    default:
      return 'fail';
  }
}
