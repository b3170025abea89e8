import { type Judgement, RULE_NAMES, type RuleResult } from './result.ts';
import { findingOf, grouped, lineOf } from './tally.ts';

/** The one sentence that stands first everywhere: what was found, or how much was checked when nothing was. */
export function sentenceOf(
  result: Judgement,
  rules: readonly RuleResult[],
  faults: number,
  replay: string | undefined,
): string {
  const durable = rules.find(({ rule }) => rule === 'P1');
  const after = faults === 0 ? 'without faults' : `after ${grouped(faults)} ${faults === 1 ? 'fault' : 'faults'}`;
  if (result === 'pass') {
    const finding = durable === undefined ? 'nothing was acknowledged' : `all ${findingOf('P1', durable)}`;
    return `PASS: ${finding} ${after}; ${rules.length} rules held`;
  }
  const worstRules = rules.filter((rule) => rule.result === result);
  const first = worstRules[0]!;
  const more =
    worstRules.length > 1
      ? ` (also ${worstRules
          .slice(1)
          .map((rule) => `${rule.rule} ${RULE_NAMES[rule.rule]}`)
          .join(', ')})`
      : '';
  const partition = first.partitions.find((candidate) => candidate.result === result);
  if (first.partitions.filter((candidate) => candidate.result === result).length === 1 && partition !== undefined) {
    return partition.line + more;
  }
  return lineOf(first.rule, null, first, first.examples[0], replay) + more;
}
