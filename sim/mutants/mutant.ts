import type { RuleId } from '../../reports/verdict/result.ts';
import type { Mutation } from '../mutation.ts';
import type { MutantWorkload } from './workloads.ts';

/** A broken variant of the code, and the rule that must see it. */
export interface Mutant {
  /** Unique; `npm run mutants -- --only NAME`. */
  readonly name: string;
  /** The bug that it is modelled on, with where it was reported. */
  readonly bug: string;
  readonly mutation: Mutation;
  readonly workload: MutantWorkload;
  /** Any of these failing counts: a broken order of records may show as loss first. */
  readonly rules: readonly RuleId[];
  /** Seeds to try at most; default 20. */
  readonly seeds?: number;
}
