import type { RunRecord } from '../run-record.ts';
import type { LoggedFault } from '../verdict/faults.ts';
import type { RuleResult, VerdictResult } from '../verdict/result.ts';
import type { Story } from './story.ts';
import { tell } from './tell.ts';

/** The rule whose breach is told: the first that is as bad as the verdict; null when all is well or nobody knows. */
export function ruleToTell({ result, rules }: VerdictResult, wanted?: string): RuleResult | null {
  if (result !== 'fail' && result !== 'allowed') return null;
  const told = rules.filter((rule) => rule.result === 'fail' || rule.result === 'allowed');
  if (wanted !== undefined) return told.find(({ rule }) => rule === wanted) ?? null;
  return told.find((rule) => rule.result === result) ?? null;
}

/** What a record knows by itself: the evidence of its verdict and the fault log. Null when nothing was broken. */
export function storyOfRecord(record: RunRecord, wanted?: string): Story | null {
  const rule = ruleToTell(record.verdict, wanted);
  if (rule === null) return null;
  const { clause, clauseText, prevention } = rule;
  const [example = null] = rule.examples;
  return tell({
    rule: rule.rule,
    result: rule.result,
    finding: record.verdict.sentence,
    clause:
      rule.result === 'fail' || clause === undefined
        ? null
        : { id: clause, text: clauseText ?? '', prevention: prevention ?? '' },
    example,
    rows: [],
    replicas: [],
    control: [],
    faults: record.faults.map(loggedFault),
    replay: record.replay,
    source: 'history',
  });
}

function loggedFault({
  id,
  kind,
  target,
  confirmed,
  atSeconds,
  untilSeconds,
}: RunRecord['faults'][number]): LoggedFault {
  const ids = /^brokers? ([\d, ]+)$/.exec(target)?.[1]?.split(', ').map(Number) ?? [];
  return {
    id,
    kind,
    target,
    brokers: ids,
    atNs: atSeconds * 1e9,
    untilNs: untilSeconds === null ? null : untilSeconds * 1e9,
    confirmed,
  };
}
