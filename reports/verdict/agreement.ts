import type { Case } from './case.ts';
import type { Standing } from './clauses.ts';
import { CONFLICT } from './ledger.ts';
import type { Tally } from './tally.ts';

/**
 * P2: one record per offset, over acknowledgements and all reads. An offset that was given again after a loss which
 * the contract allows is allowed by the same clause: the record that no longer stands there was that loss.
 */
export function judgeAgreement(judged: Case, tally: Tally): void {
  const { ledger, evidence } = judged;
  const { conflicts } = ledger;
  for (let partition = 0; partition < ledger.reads.length; partition++)
    tally.check(partition, ledger.reads[partition]!);
  const seen = new Set<string>();
  for (let index = 0; index < conflicts.length; index++) {
    const partition = conflicts.at(index, CONFLICT.partition);
    const offset = conflicts.at(index, CONFLICT.offset);
    const before = conflicts.at(index, CONFLICT.before);
    const now = conflicts.at(index, CONFLICT.now);
    const key = `${partition}@${offset}:${Math.min(before, now)}/${Math.max(before, now)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const standing = standingOfPair(judged, partition, offset, before, now);
    const example = () => {
      const first = evidence.event(judged.exposedAt(before, offset), evidence.record(before));
      const second = evidence.event(conflicts.at(index, CONFLICT.time), evidence.record(now));
      const sentence = `offset ${offset} was ${first.text} and ${second.text}`;
      return evidence.example(partition, offset, sentence, [first, second], standing, before);
    };
    tally.settle(partition, standing, example);
  }
}

/** The better standing of the two records, of which one must be gone from the offset. */
function standingOfPair(judged: Case, partition: number, offset: number, a: number, b: number): Standing {
  let best: Standing = { kind: 'fail', fault: null };
  for (const row of [a, b]) {
    if (judged.isAuditedAt(row, offset)) continue;
    const standing = judged.lossOf(row, partition, offset);
    if (standing.kind === 'allowed') return standing;
    if (standing.kind === 'unknown' || best.fault === null) best = standing;
  }
  return best;
}
