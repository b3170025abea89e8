import type { WhiteBoxRule } from '../../reports/verdict/white-box.ts';

/** What an invariant reports to; the verdict makes rule results of it. */
export interface Findings {
  checked(rule: WhiteBoxRule, partition: number): void;
  /** `partition`: its index in the history, -1 for the metadata log. */
  violated(rule: WhiteBoxRule, partition: number, sentence: string, offset?: number): void;
}
