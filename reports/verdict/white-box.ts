import type { MetadataLoss } from './metadata-lost.ts';
import type { Clause, Example } from './result.ts';
import type { Tally } from './tally.ts';

/** Rules that only a look into the brokers can judge. */
export type WhiteBoxRule = 'P7' | 'P8' | 'P9' | 'L1';
export const WHITE_BOX_RULES: readonly WhiteBoxRule[] = ['P7', 'P8', 'P9', 'L1'];

/** What watchers inside of the cluster saw; absent where nobody could look. */
export interface WhiteBox {
  /** How often each rule was held against a partition; partition -1 is the metadata log. */
  readonly checked: readonly { readonly rule: WhiteBoxRule; readonly partition: number; readonly count: number }[];
  readonly violations: readonly WhiteBoxViolation[];
  /** In time order. */
  readonly metadataLosses?: readonly MetadataLoss[];
}

export interface WhiteBoxViolation {
  readonly rule: WhiteBoxRule;
  /** Index in the history, -1 for the metadata log. */
  readonly partition: number;
  readonly timeNs: number;
  readonly sentence: string;
  /** The offset that it is about, where it is about one. */
  readonly offset?: number;
}

/**
 * P7: a high watermark never goes back within a leader epoch, and stands while too few replicas are in sync. P8: an epoch
 * has one leader, and replicas agree on what is committed. P9: what was shown to readers survives elections and
 * truncations, and every in-sync replica has it. L1: once everything is healed, every partition has a leader and its full
 * ISR within a bounded time. `clauseOf` is the part of the contract that permits what
 * was seen then, if any does.
 */
export function judgeWhiteBox(
  box: WhiteBox,
  rule: WhiteBoxRule,
  nameOf: (partition: number) => string,
  tally: Tally,
  clauseOf: (partition: number, timeNs: number) => Clause | null = () => null,
): void {
  for (const { rule: of, partition, count } of box.checked) if (of === rule) tally.check(partition, count);
  for (const violation of box.violations) {
    if (violation.rule !== rule) continue;
    const { partition, timeNs, sentence, offset } = violation;
    const example = (): Example => ({
      partition: partition < 0 ? null : nameOf(partition),
      sentence: `${sentence}; t=${(timeNs / 1e9).toFixed(3)}s`,
      events: [{ timeNs, text: sentence }],
      around: [],
      ...(offset === undefined ? {} : { offset }),
    });
    const clause = clauseOf(partition, timeNs);
    if (clause === null) tally.fail(partition, example);
    else tally.allow(partition, clause, example);
  }
}
