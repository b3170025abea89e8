/** What a verdict is made of, as `--json` prints it: fields are added, never renamed. */

/** In rising order of severity: a run is as good as its worst rule. */
export const JUDGEMENTS = ['pass', 'allowed', 'unknown', 'fail'] as const;
export type Judgement = (typeof JUDGEMENTS)[number];

export function worst(judgements: Iterable<Judgement>): Judgement {
  let index = 0;
  for (const judgement of judgements) index = Math.max(index, JUDGEMENTS.indexOf(judgement));
  return JUDGEMENTS[index]!;
}

export const RULE_NAMES = {
  E1: 'evidence-complete',
  P1: 'acked-durable',
  P2: 'offset-agreement',
  P3: 'no-phantom',
  P4: 'order',
  P5: 'no-duplicate',
  P6: 'gaps',
  P7: 'high-watermark',
  P8: 'replicas-agree',
  P9: 'committed-kept',
  P10: 'session',
  C1: 'commit-bound',
  C2: 'commit-durable',
  C3: 'at-least-once',
  C4: 'ownership',
  X1: 'atomic',
  X2: 'isolation',
  X5: 'liveness',
  L1: 'recovery',
  L2: 'lag',
} as const;
export type RuleId = keyof typeof RULE_NAMES;

/** One thing that happened, for a reader of the evidence. */
export interface Witness {
  /** Nanoseconds since the run's start; null when the moment is not known. */
  readonly timeNs: number | null;
  readonly text: string;
}

/** What the history knows of an offset beside the disputed one. */
export interface OffsetView {
  readonly offset: number;
  /** "writer 7 seq 436", or null when nothing was ever seen there. */
  readonly record: string | null;
  readonly state: 'acked and read' | 'acked, not read' | 'read' | 'unknown';
}

export interface Example {
  readonly partition: string | null;
  readonly sentence: string;
  /** At most four, in time order. */
  readonly events: readonly Witness[];
  /** Up to three offsets to either side. */
  readonly around: readonly OffsetView[];
  /** The disputed offset; absent where it is not about one. */
  readonly offset?: number;
  /** The record that the sentence speaks of. */
  readonly record?: { readonly writer: string; readonly sequence: number };
}

/** A part of the contract that permits what happened, and what would have prevented it. */
export interface Clause {
  readonly id: string;
  readonly text: string;
  readonly prevention: string;
  /** The same as settings, where settings alone do it. */
  readonly settings?: readonly ClauseSetting[];
}

/** One setting by Kafka's name, and what it is set on. */
export type ClauseSetting =
  | { readonly of: 'topic' | 'producers'; readonly topic: string; readonly name: string; readonly value: string }
  | { readonly of: 'brokers' | 'features'; readonly name: string; readonly value: string };

/** Counts of one rule, over all or for one partition. */
export interface RuleCounts {
  readonly result: Judgement;
  readonly checked: number;
  /** Contradictions that no clause allows. */
  readonly violations: number;
  /** Contradictions that a clause of the contract allows. */
  readonly excused: number;
  /** Cases that the evidence does not decide. */
  readonly undecided: number;
  readonly clause?: string;
  readonly clauseText?: string;
  readonly prevention?: string;
  readonly settings?: readonly ClauseSetting[];
  /** Why the result is unknown. */
  readonly reason?: string;
}

export interface PartitionResult extends RuleCounts {
  readonly partition: string;
  /** The line that a terminal prints. */
  readonly line: string;
}

export interface RuleResult extends RuleCounts {
  readonly rule: RuleId;
  readonly name: string;
  /** At most eight; violations before what is excused. */
  readonly examples: readonly Example[];
  /** Partitions that did not simply pass, the worst first; at most a hundred. */
  readonly partitions: readonly PartitionResult[];
}

export interface VerdictResult {
  readonly result: Judgement;
  readonly sentence: string;
  readonly rules: readonly RuleResult[];
}
