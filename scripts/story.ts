import { ruleToTell } from '../reports/story/of-record.ts';
import type { Story } from '../reports/story/story.ts';
import { tell } from '../reports/story/tell.ts';
import { witnessKey } from '../reports/story/witness-rows.ts';
import type { Example, VerdictResult } from '../reports/verdict/result.ts';
import { Journal } from '../sim/journal.ts';
import type { Plan } from '../sim/plan.ts';
import { rosterOf } from '../workloads/actors/roster.ts';
import { simulateHere, type WorldOptions } from './simulate.ts';

export interface Told {
  readonly verdict: VerdictResult;
  /** Null when no rule was broken, or not the one asked for. */
  readonly story: Story | null;
}

/**
 * Replays a plan to tell its failure: once for the verdict (unless it is known already), then with a journal of the one
 * record that is its witness. Both runs are the same, event for event.
 */
export async function storyOfPlan(
  options: Pick<WorldOptions, 'plan' | 'onProgress'> & {
    readonly replay: string;
    readonly rule?: string;
    readonly verdict?: VerdictResult;
  },
): Promise<Told> {
  const { plan, replay } = options;
  const watched = options.onProgress === undefined ? {} : { onProgress: options.onProgress };
  const verdict = options.verdict ?? (await simulateHere({ plan, replay, ...watched })).verdict;
  const rule = ruleToTell(verdict, options.rule);
  if (rule === null) return { verdict, story: null };
  let example = rule.examples.find((each) => each.offset !== undefined) ?? rule.examples[0] ?? null;
  const look = async (at: Example | null): Promise<Journal | null> => {
    const journal = journalOf(plan, at);
    if (journal !== null) await simulateHere({ plan, replay, journal, ...watched });
    return journal;
  };
  let journal = await look(example);
  // What was seen from inside of a broker names an offset; whose record stood there, its acknowledgement tells.
  const stood = journal?.rowsFound.found.find(({ kind }) => kind === 'ack' || kind === 'read');
  if (example !== null && example.record === undefined && stood !== undefined) {
    const [writer = '', sequence = ''] = stood.record.split(' seq ');
    example = { ...example, record: { writer, sequence: Number(sequence) } };
    journal = await look(example);
  }
  const { clause, clauseText = '', prevention = '' } = rule;
  const isExcused = rule.result !== 'fail' && clause !== undefined;
  const story = tell({
    rule: rule.rule,
    result: rule.result,
    finding: findingOf(verdict, rule),
    clause: isExcused ? { id: clause, text: clauseText, prevention } : null,
    example,
    rows: journal?.rowsFound.found ?? [],
    replicas: journal?.changes ?? [],
    control: journal?.control ?? [],
    faults: journal?.faults ?? [],
    replay,
    source: 'trace',
  });
  return { verdict, story };
}

function journalOf(plan: Plan, example: Example | null): Journal | null {
  if (example === null) return null;
  const { names } = rosterOf(plan.workload);
  const key = witnessKey(names, example);
  return key === null ? null : new Journal(names, key);
}

function findingOf(verdict: VerdictResult, rule: VerdictResult['rules'][number]): string {
  const own = rule.partitions.find(({ result }) => result === rule.result)?.line;
  return verdict.sentence.includes(` ${rule.rule} `) ? verdict.sentence : (own ?? verdict.sentence);
}
