import type { Standing } from './clauses.ts';
import {
  type Clause,
  type Example,
  type Judgement,
  type PartitionResult,
  RULE_NAMES,
  type RuleCounts,
  type RuleId,
  type RuleResult,
  worst,
} from './result.ts';

const EXAMPLES_MAX = 8;
const PARTITIONS_MAX = 100;

/** How a rule speaks of what it counts: "1 of 48,211 acknowledged records lost". */
const PHRASE: Readonly<Record<RuleId, { readonly things: string; readonly broken: string; readonly held: string }>> = {
  E1: { things: 'conditions', broken: 'not met', held: 'met' },
  P1: { things: 'acknowledged records', broken: 'lost', held: 'readable at their offsets' },
  P2: { things: 'reads', broken: 'met an offset with two records', held: 'found one record per offset' },
  P3: { things: 'records seen', broken: 'never sent or definitely failed', held: 'all sent by a writer' },
  P4: { things: 'records', broken: "out of their writer's order", held: "in their writer's order" },
  P5: { things: 'records', broken: 'written more than once', held: 'written once' },
  P6: { things: 'offsets', broken: 'missing without a reason', held: 'present or accounted for' },
  P7: { things: 'looks at high watermarks', broken: 'saw one move wrongly', held: 'saw them move rightly' },
  P8: { things: 'looks at replicas', broken: 'saw them disagree', held: 'saw them agree' },
  P9: {
    things: 'elections, truncations and in-sync replicas',
    broken: 'lost or lacked what readers were shown',
    held: 'kept what readers were shown',
  },
  P10: { things: 'records polled', broken: 'skipped or repeated within an assignment', held: 'contiguous' },
  C1: { things: 'acknowledged commits', broken: 'beyond what was processed or owned', held: 'of processed offsets' },
  C2: { things: 'offset fetches', broken: 'older than an acknowledged commit', held: 'of the latest commit' },
  C3: { things: 'committed positions', broken: 'with records below that nobody processed', held: 'fully processed' },
  C4: { things: 'assignments and commits', broken: 'by a second or stale owner', held: 'by the one owner' },
  L1: { things: 'recoveries', broken: 'not within their time after healing', held: 'in time' },
  L2: { things: 'group positions', broken: 'behind after the drain', held: 'at the end of the log' },
  X1: { things: 'transactions', broken: 'visible in part', held: 'visible whole or not at all' },
  X2: { things: 'records of aborted transactions', broken: 'shown to read_committed', held: 'hidden' },
  X5: {
    things: 'read_committed positions',
    broken: 'held back behind transactions that have ended',
    held: 'beyond every ended transaction',
  },
};

interface Counts {
  violations: number;
  excused: number;
  undecided: number;
  clause: Clause | undefined;
  reason: string | undefined;
}

/** The count of one rule while it judges, by partition, with the first examples of each kind. */
export class Tally {
  readonly rule: RuleId;
  readonly #partitions: readonly string[];
  readonly #checked: Float64Array;
  readonly #counts = new Map<number, Counts>();
  readonly #failed: Example[] = [];
  readonly #excused: Example[] = [];
  #reason: string | undefined;

  constructor(rule: RuleId, partitions: readonly string[]) {
    this.rule = rule;
    this.#partitions = partitions;
    this.#checked = new Float64Array(partitions.length + 1);
  }

  /** A partition of -1 stands for none. */
  check(partition: number, count = 1): void {
    this.#checked[this.#slot(partition)]! += count;
  }

  fail(partition: number, example: () => Example): void {
    this.#of(partition).violations += 1;
    if (this.#failed.length < EXAMPLES_MAX) this.#failed.push(example());
  }

  allow(partition: number, clause: Clause, example: () => Example): void {
    const counts = this.#of(partition);
    counts.excused += 1;
    counts.clause ??= clause;
    if (this.#excused.length < EXAMPLES_MAX) this.#excused.push(example());
  }

  undecided(partition: number, reason: string, count = 1): void {
    const counts = this.#of(partition);
    counts.undecided += count;
    counts.reason ??= reason;
  }

  /** What was found counts as it stands by the contract. */
  settle(partition: number, standing: Standing, example: () => Example): void {
    if (standing.kind === 'allowed') this.allow(partition, standing.clause, example);
    else if (standing.kind === 'unknown') this.undecided(partition, standing.reason);
    else this.fail(partition, example);
  }

  /** The rule as a whole cannot be judged. */
  unknown(reason: string): void {
    this.#reason ??= reason;
  }

  result(replay: string | undefined): RuleResult {
    const { rule } = this;
    const examples = [...this.#failed, ...this.#excused].slice(0, EXAMPLES_MAX);
    const partitions: PartitionResult[] = [];
    const total: Counts = { violations: 0, excused: 0, undecided: 0, clause: undefined, reason: this.#reason };
    for (const [slot, counts] of [...this.#counts].sort((a, b) => a[0] - b[0])) {
      total.violations += counts.violations;
      total.excused += counts.excused;
      total.undecided += counts.undecided;
      total.clause ??= counts.clause;
      total.reason ??= counts.reason;
      const partition = this.#partitions[slot];
      if (partition === undefined) continue;
      const figures = figuresOf(counts, this.#checked[slot]!);
      const example = examples.find((candidate) => candidate.partition === partition);
      partitions.push({ partition, ...figures, line: lineOf(rule, partition, figures, example, replay) });
    }
    const severity: readonly Judgement[] = ['fail', 'unknown', 'allowed', 'pass'];
    partitions.sort((a, b) => severity.indexOf(a.result) - severity.indexOf(b.result));
    const checked = this.#checked.reduce((sum, count) => sum + count, 0);
    return {
      rule,
      name: RULE_NAMES[rule],
      ...figuresOf(total, checked),
      examples,
      partitions: partitions.slice(0, PARTITIONS_MAX),
    };
  }

  #slot(partition: number): number {
    return partition >= 0 && partition < this.#partitions.length ? partition : this.#partitions.length;
  }

  #of(partition: number): Counts {
    const slot = this.#slot(partition);
    let counts = this.#counts.get(slot);
    if (counts === undefined) {
      counts = { violations: 0, excused: 0, undecided: 0, clause: undefined, reason: undefined };
      this.#counts.set(slot, counts);
    }
    return counts;
  }
}

function figuresOf(counts: Counts, checked: number): RuleCounts {
  const { violations, excused, undecided, clause, reason } = counts;
  const judgements: Judgement[] = [
    violations > 0 ? 'fail' : 'pass',
    undecided > 0 || reason !== undefined ? 'unknown' : 'pass',
    excused > 0 ? 'allowed' : 'pass',
  ];
  return {
    result: worst(judgements),
    checked,
    violations,
    excused,
    undecided,
    ...(clause === undefined ? {} : clauseFields(clause)),
    ...(reason === undefined ? {} : { reason }),
  };
}

function clauseFields({ id, text, prevention, settings }: Clause): Partial<RuleCounts> {
  return { clause: id, clauseText: text, prevention, ...(settings === undefined ? {} : { settings }) };
}

export function grouped(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

/** What a rule found, in words: "1 of 48,211 acknowledged records lost". */
export function findingOf(rule: RuleId, counts: RuleCounts): string {
  const { things, broken, held } = PHRASE[rule];
  const { checked, violations, excused, undecided } = counts;
  const count = violations > 0 ? violations : excused;
  if (count > 0) return `${grouped(count)} of ${grouped(checked)} ${things} ${broken}`;
  if (undecided > 0) return `${grouped(undecided)} of ${grouped(checked)} ${things} undecided`;
  return `${grouped(checked)} ${things} ${held}`;
}

/** One line for one rule, and one partition if given. */
export function lineOf(
  rule: RuleId,
  partition: string | null,
  counts: RuleCounts,
  example: Example | undefined,
  replay: string | undefined,
): string {
  // What is missing says more than how much of it.
  if (rule === 'E1' && counts.reason !== undefined) {
    return `${counts.result.toUpperCase()} ${rule} ${RULE_NAMES[rule]}: ${counts.reason}`;
  }
  const parts = [findingOf(rule, counts)];
  if (example !== undefined && counts.result !== 'unknown') parts.push(example.sentence);
  if (counts.result === 'fail') parts.push('no clause allows it');
  if (counts.result === 'allowed') parts.push(`${counts.clauseText}; prevented by ${counts.prevention}`);
  if (counts.result === 'unknown' && counts.reason !== undefined) parts.push(counts.reason);
  if (counts.result === 'fail' && replay !== undefined) parts.push(`replay: ${replay}`);
  const where = partition === null ? '' : ` ${partition}`;
  return `${counts.result.toUpperCase()} ${rule} ${RULE_NAMES[rule]}${where}: ${parts.join('; ')}`;
}
